// The list of jobs follows the server while something waits or runs; buttons ask the interface.
import { ask, made, nameCells } from "./ask.js";
import { clock, findings, isOpen, kindOf, stateOf } from "./jobwords.js";
import { say, sentenceOf } from "./pagewords.js";

const LOOK_MILLISECONDS = 1500;
const REST_MILLISECONDS = 10000;
const table = document.getElementById("jobs");
const { starting, beginning, only } = table.dataset;
const follower = { tag: "", timer: 0, isBusy: false, isCut: false };

function act(job) {
  if (!starting.split(" ").includes(job.kind)) return "";
  if (isOpen(job)) return job.stopped_by ? "" : "cancel";
  return job.state !== "done" && job.can_start_again ? "again" : "";
}

function noticeOf(job) {
  const line = made("span", `${say("jobs_noView")} `, "small notice");
  if (only || !job.event_id) return line;
  const link = made("a", say("jobs_setView"));
  link.href = `/event/${job.event_id}`;
  line.append(link);
  return line;
}

function eventOf(job) {
  // one that begins an event has none at first
  if (!job.event_id) return made("span", beginning.split(" ").includes(job.kind) ? "" : say("jobs_whole"), "muted");
  const link = made("a");
  link.href = `/event/${job.event_id}`;
  link.append(made("code", job.event_id));
  return link;
}

function row(job) {
  const line = document.createElement("tr");
  line.dataset.job = job.job_id;
  const [kind, event, asked, says, done, left, acts] = Array.from({ length: 7 }, () => line.insertCell());
  kind.append(made("b", kindOf(job)));
  event.append(eventOf(job));
  asked.append(`${job.created_utc.slice(0, 16).replace("T", " ")} `, made("span", job.created_by, "muted"));
  says.className = "says";
  says.append(made("span", stateOf(job), `state ${job.state}`), made("span", sentenceOf(job), "small muted"));
  if (job.notice) says.append(noticeOf(job));
  says.append(...findings(job));
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = job.progress;
  bar.setAttribute("aria-label", say("jobs_bar"));
  done.append(bar, " ", made("span", `${Math.floor(100 * job.progress)} %`, "percent"));
  left.textContent = job.seconds_left === null ? "" : clock(job.seconds_left);
  acts.className = "acts";
  const action = act(job);
  if (action) {
    const button = made("button", say(action === "cancel" ? "cancel" : "jobs_again"), "quiet");
    button.type = "button";
    button.dataset.act = action;
    acts.append(button);
  }
  return line;
}

function show(jobs) {
  const held = document.activeElement?.closest?.("tr")?.dataset.job;
  table.querySelector("tbody").replaceChildren(...jobs.toReversed().map(row));
  nameCells(table.querySelector("table"));
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
    const headers = { "X-Workbench-Poll": "1", "If-None-Match": follower.tag };
    const content = await ask(only ? `/jobs?event=${only}` : "/jobs", undefined, headers);
    if (content) {
      follower.tag = content.tag;
      show(content.jobs);
      follower.isBusy = content.jobs.some(isOpen);
    }
    if (follower.isBusy) pause = LOOK_MILLISECONDS;
    if (follower.isCut) complain("");
    follower.isCut = false;
  } catch {
    follower.isCut = true;
    complain(say("jobs_cut"));
  }
  clearTimeout(follower.timer);
  follower.timer = setTimeout(follow, pause);
}

/** The options that are ticked beside a button that starts a job. */
function options(button) {
  const ticked = button.closest("form")?.querySelectorAll("input[type=checkbox]:checked") ?? [];
  return Object.fromEntries([...ticked].map((each) => [each.name, true]));
}

document.querySelector("main").addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-act], button[data-start]");
  if (!button) return;
  button.disabled = true;
  complain("");
  const job = button.closest("tr")?.dataset.job;
  try {
    await ask(button.dataset.start || `/jobs/${job}/${button.dataset.act}`, options(button));
  } catch (error) {
    complain(error.message);
  }
  button.disabled = false;
  follower.tag = "";
  await follow();
});
follow();
// what is clicked before this script listens would do nothing; an event's page has another script, too
document.querySelector("main").inert = Boolean(only);
