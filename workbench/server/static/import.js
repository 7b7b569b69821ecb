// Videos of the server's inbox: import one, follow it, stop it. The import is a job of the server.
import { ask, attempt, button, cells, made, nameCells } from "./ask.js";
import { clock, findings, isOpen, stateOf } from "./jobwords.js";
import { say, sayOr, sentenceOf } from "./pagewords.js";

const LOOK_MILLISECONDS = 1500;
const REST_MILLISECONDS = 10000;
const find = (id) => document.getElementById(id);
const dialog = find("choose");
const follower = { timer: 0, shown: "", isCut: false, isFull: false, signals: [] };

function size(bytes) {
  const mib = bytes / 2 ** 20;
  return mib < 1024 ? `${say.number(mib, 1)} MiB` : `${say.number(mib / 1024, 1)} GiB`;
}

function progress(job) {
  const bar = document.createElement("progress");
  Object.assign(bar, { max: 1, value: job.progress });
  bar.setAttribute("aria-label", say("jobs_bar"));
  const left = job.seconds_left === null ? "" : ` ${clock(job.seconds_left)}`;
  return [bar, " ", made("span", `${Math.floor(100 * job.progress)} %${left}`, "percent")];
}

function stateCell({ fault, fault_name: why, job }) {
  if (job?.state === "done") return [made("span", say("imp_done"), "state done"), ...findings(job)];
  if (job && isOpen(job)) return [made("span", stateOf(job), `state ${job.state}`), made("span", sentenceOf(job), "small muted"), ...(job.state === "running" ? progress(job) : [])];
  const failed = job ? [made("span", stateOf(job), `state ${job.state}`), made("span", sentenceOf(job), "small muted")] : [];
  if (fault) return [...failed, made("span", sayOr(`imp_fault_${why}`, fault), "small notice")];
  return failed.length ? failed : [made("span", say("imp_ready"), "state queued")];
}

function acts({ name, version, fault, job }) {
  if (job?.state === "done") {
    // which event another's video became is told to who may read names
    if (!job.event_id) return [];
    const link = made("a", say("rec_openEvent"), "quiet-link");
    link.href = `/event/${job.event_id}`;
    return [link];
  }
  if (job && isOpen(job)) return job.stopped_by ? [] : [button(say("cancel"), say("imp_cancelOf", { name }), () => step(() => ask(`/jobs/${job.job_id}/cancel`, {}), ""))];
  if (fault) return [];
  const begin = button(say("imp_import"), say("imp_of", { name }), () => choose(name, version));
  begin.disabled = follower.isFull;
  begin.setAttribute("aria-describedby", "full");
  return [begin];
}

function row(file) {
  const line = cells([made("b", file.name), size(file.size_bytes), file.modified_utc.slice(0, 16).replace("T", " "), stateCell(file), acts(file)]);
  line.cells[0].className = "wraps";
  line.cells[3].className = "says";
  line.cells[4].className = "acts";
  return line;
}

/** A field says itself what it takes, in the language of the page. */
function sayWhatFits(input) {
  input.addEventListener("invalid", () => {
    if (input.validity.patternMismatch) input.setCustomValidity(find(input.getAttribute("aria-describedby")).textContent);
  });
  input.addEventListener("input", () => input.setCustomValidity(""));
}

async function step(act, said) {
  const isDone = await attempt(act, said);
  follower.shown = "";
  await follow();
  return isDone;
}

function choose(file, version) {
  Object.assign(dialog.dataset, { file, version });
  dialog.querySelector("form").reset();
  find("chosen").textContent = say("imp_of", { name: file });
  find("choose-fault").hidden = true;
  dialog.querySelector("[name=signals]").replaceChildren(new Option(say("imp_noSignals"), ""), ...follower.signals.map(signalsOption));
  dialog.showModal();
}

/** A table that cannot be taken now says why. */
function signalsOption({ name, version, fault, fault_name: why }) {
  const option = new Option(fault ? `${name}: ${sayOr(`imp_fault_${why}`, fault)}` : name, version);
  option.disabled = Boolean(fault);
  return option;
}

async function start(event) {
  event.preventDefault();
  const { file, version } = dialog.dataset;
  const { procedure_code: code, site_code: site, started, view, signals, video_stream: stream, salvage, physician_names: physicians, ...typed } = Object.fromEntries(new FormData(event.target));
  const names = Object.fromEntries(Object.entries(typed).filter(([, text]) => text.trim()));
  const each = physicians.split("\n").map((name) => name.trim()).filter(Boolean);
  if (each.length) names.physician_names = each;
  const content = { file, version, procedure_code: code, names, ...(salvage ? { salvage: true } : {}) };
  const table = follower.signals.find((one) => one.version === signals);
  if (table) content.signals = { file: table.name, version: table.version };
  if (site) content.site_code = site;
  if (stream) content.video_stream = Number(stream);
  if (view.trim()) content.view = view.trim();
  // the clock is the person's, not the server's
  if (started) content.started = new Date(started).toISOString();
  try {
    await ask("/inbox/import", content);
  } catch (error) {
    find("choose-fault").textContent = error.message;
    find("choose-fault").hidden = false;
    return;
  }
  event.target.reset();
  dialog.close();
  await step(() => {}, say("imp_started", { name: file }));
}

async function follow() {
  let pause = REST_MILLISECONDS;
  clearTimeout(follower.timer);
  try {
    const { files, signals, left_off: isMore, open_imports: count, most_imports: most, opens_to_nobody: isLost } = await ask("/inbox", undefined, { "X-Workbench-Poll": "1" });
    const shown = JSON.stringify([files, signals, isMore, count >= most, isLost]);
    // nothing is replaced under a person's finger where nothing is new
    if (shown !== follower.shown) {
      follower.isFull = count >= most;
      follower.signals = signals;
      find("full").textContent = say("imp_full", { count });
      find("full").hidden = !follower.isFull;
      find("nobody").hidden = !isLost;
      find("files").replaceChildren(...files.map(row));
      nameCells(find("files").closest("table"));
      find("inbox").hidden = !files.length;
      find("none").hidden = Boolean(files.length) || isMore;
      find("more").hidden = !isMore;
      follower.shown = shown;
    }
    if (follower.isCut) await attempt(() => {}, "");
    follower.isCut = false;
    if (count || [...files, ...signals].some(({ fault }) => fault)) pause = LOOK_MILLISECONDS;
  } catch (error) {
    follower.isCut = true;
    await attempt(() => Promise.reject(error), "");
  }
  follower.timer = setTimeout(follow, pause);
}

if (dialog) {
  dialog.querySelector("form").addEventListener("submit", start);
  dialog.querySelectorAll("[pattern]").forEach(sayWhatFits);
  find("choose-cancel").addEventListener("click", () => dialog.close());
  follow();
}
