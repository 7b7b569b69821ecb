// The recorder's page and the server: what is asked, and what a running recording sends.
import { PIECE, PieceReader } from "./model/recording.js";
import { leaveForLogin } from "./session.js";

const API = "/workbench/api/v1";
const RETRY_MS = 1000;

/** The server does not answer, as while it is started again. */
export class Unreachable extends Error {}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** An error with what a page needs to say it. */
const refusal = (content) => Object.assign(new Error(content.error), { content });

async function send(path, options) {
  let answer;
  try {
    answer = await fetch(API + path, { credentials: "same-origin", ...options });
  } catch {
    throw new Unreachable();
  }
  if (answer.status === 401) leaveForLogin(false);
  if (!answer.ok) throw refusal(await answer.json().catch(() => ({ error: answer.statusText })));
  return answer;
}

/** What an address says; asked again and again, it is no use of the session. */
export async function getJson(path) {
  return (await send(path, { headers: { "X-Workbench-Poll": "1" } })).json();
}

/** Have something done; the answer says what. */
export async function postJson(path, content = {}) {
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? "";
  const headers = { "Content-Type": "application/json", "X-XSRFToken": token };
  return (await send(path, { method: "POST", headers, body: JSON.stringify(content) })).json();
}

/**
 * Follow a recording to its end, through every interruption.
 * @param {string} id of the job
 * @param hears `state(object)`, `preview(Blob)`, `job(object)`, `reach(isReached, error)`; `isOver()` ends it
 */
export async function follow(id, hears) {
  while (!hears.isOver()) {
    try {
      const { job } = await getJson(`/jobs/${id}`);
      hears.reach(true);
      hears.job(job);
      if (job.state !== "queued" && job.state !== "running") return;
      if (job.state === "running") await watch(id, hears);
    } catch (error) {
      hears.reach(!(error instanceof Unreachable), error);
    }
    await pause(RETRY_MS);
  }
}

/** The last piece: nothing where the job has ended, or why there is no more of it for this person. */
function readEnd(content) {
  const { error: code, sentence: error, said } = JSON.parse(new TextDecoder().decode(content));
  if (code) throw refusal({ error, code, said });
}

async function watch(id, hears) {
  const stopping = new AbortController();
  const answer = await send(`/jobs/${id}/watch`, { signal: stopping.signal });
  const reader = answer.body.getReader();
  const pieces = new PieceReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true }));
      if (done || hears.isOver()) return;
      for (const { kind, content } of pieces.take(value)) {
        if (kind === PIECE.state) hears.state(JSON.parse(new TextDecoder().decode(content)));
        else if (kind === PIECE.preview) hears.preview(new Blob([content], { type: "image/jpeg" }));
        else if (kind === PIECE.end) return readEnd(content);
      }
    }
  } finally {
    stopping.abort();
  }
}
