// the list of jobs follows the server while something waits or runs; buttons ask the interface
const API = "/workbench/api/v1";
const LOOK_MILLISECONDS = 1500;
const REST_MILLISECONDS = 10000;
const open = (job) => job.state === "queued" || job.state === "running";
const two = (number) => String(Math.floor(number)).padStart(2, "0");
const clock = (seconds) => `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;

let tag = "";

async function ask(path, method = "GET") {
  const headers = { "X-Workbench-Poll": method === "GET" ? "1" : "0" };
  if (method === "GET") headers["If-None-Match"] = tag;
  else {
    headers["X-XSRFToken"] = document.querySelector("input[name=_xsrf]").value;
    headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(API + path, { method, headers, body: method === "GET" ? undefined : "{}" });
  if (answer.status === 304) return null;
  if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent("/jobs")}`);
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  if (method === "GET") tag = answer.headers.get("ETag") || "";
  return content;
}

function cell(tagName, text, name = "") {
  const made = document.createElement(tagName);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function act(job, may) {
  if (!may) return "";
  if (open(job)) return job.stopped_by ? "" : "cancel";
  return job.state === "done" ? "" : "again";
}

function row(job, starting) {
  const made = document.createElement("tr");
  made.dataset.job = job.job_id;
  const [kind, event, asked, says, done, left, acts] = Array.from({ length: 7 }, () => made.insertCell());
  kind.append(cell("b", job.kind));
  event.append(job.event_id ? cell("code", job.event_id) : cell("span", "whole archive", "muted"));
  asked.append(`${job.created_utc.slice(0, 16).replace("T", " ")} `, cell("span", job.created_by, "muted"));
  says.className = "says";
  says.append(cell("span", job.state, `state ${job.state}`), cell("span", job.sentence, "small muted"));
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = job.progress;
  bar.setAttribute("aria-label", "How much is done");
  done.append(bar, " ", cell("span", `${Math.floor(100 * job.progress)} %`, "percent"));
  left.textContent = job.seconds_left === null ? "" : clock(job.seconds_left);
  acts.className = "acts";
  const action = act(job, starting.includes(job.kind));
  if (action) {
    const button = cell("button", action === "cancel" ? "Cancel" : "Start again", "quiet");
    button.type = "button";
    button.dataset.act = action;
    acts.append(button);
  }
  return made;
}

function show(jobs) {
  const table = document.getElementById("jobs");
  const starting = table.dataset.starting.split(" ");
  const held = document.activeElement?.closest?.("tr")?.dataset.job;
  table.querySelector("tbody").replaceChildren(...jobs.toReversed().map((job) => row(job, starting)));
  if (held) table.querySelector(`tr[data-job="${CSS.escape(held)}"] button`)?.focus();
  table.hidden = !jobs.length;
  document.getElementById("none").hidden = Boolean(jobs.length);
}

function complain(text) {
  const fault = document.getElementById("fault");
  fault.textContent = text;
  fault.hidden = !text;
}

async function follow() {
  let pause = REST_MILLISECONDS;
  try {
    const content = await ask("/jobs");
    if (content) {
      show(content.jobs);
      follow.isBusy = content.jobs.some(open);
    }
    if (follow.isBusy) pause = LOOK_MILLISECONDS;
    if (follow.isCut) complain("");
    follow.isCut = false;
  } catch (error) {
    follow.isCut = true;
    complain(error instanceof TypeError ? "The server does not answer. Jobs go on without it; this page asks again." : error.message);
  }
  clearTimeout(follow.timer);
  follow.timer = setTimeout(follow, pause);
}

addEventListener("DOMContentLoaded", () => {
  document.querySelector("main").addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-act], button[data-start]");
    if (!button) return;
    button.disabled = true;
    complain("");
    const job = button.closest("tr")?.dataset.job;
    try {
      await ask(button.dataset.start || `/jobs/${job}/${button.dataset.act}`, "POST");
    } catch (error) {
      complain(error.message);
    }
    button.disabled = false;
    tag = "";
    await follow();
  });
  follow();
});
