// How a page says a job, in the language of the person.
import { made } from "./ask.js";
import { named, say, sayOr } from "./pagewords.js";

const two = (number) => String(Math.floor(number)).padStart(2, "0");

export const clock = (seconds) => `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
export const isOpen = (job) => job.state === "queued" || job.state === "running";
export const kindOf = (job) => sayOr(`jobs_kind_${job.kind}`, job.kind);
export const stateOf = (job) => sayOr(`jobs_is_${job.state}`, job.state);

function alike(event) {
  const line = made("span", `${say("job_found_same", { event })} `, "small notice");
  const link = made("a", say("rec_openEvent"));
  link.href = `/event/${event}`;
  line.append(link);
  return line;
}

/** What a job found that a person should know, a line for each. */
export function findings(job) {
  const found = JSON.parse(job.result);
  const lines = (found.same_video ?? []).map(alike);
  const note = (name, values, style = "small notice") => lines.push(made("span", say(`job_found_${name}`, values), style));
  if (found.damaged_frames) note("damaged", { count: found.damaged_frames });
  if (found.cut_off) note("cutOff", {});
  // an earlier program stored no names of them
  const told = (kind) => (found[kind] ?? []).map((text, at) => named(text, found.said?.[kind]?.[at]));
  for (const what of told("faults")) note("fault", { what });
  if (found.started_source === "file time") note("guess", {}, "small muted");
  if (found.not_carried_over?.length) note("left", { what: told("not_carried_over").join(", ") }, "small muted");
  return lines;
}
