// What a person reads of a job: the phrases that the server names, in the language of the person.
import { WORDS } from "./words.js";

/** The sentence on a job; the server's, in English, where a phrase is one that this program does not know. */
export function jobSentence(job, say) {
  const names = job.said.map((each) => `job_${each}`);
  if (!names.every((each) => each in WORDS.en)) return job.sentence;
  const again = say(job.can_start_again ? "job_again" : "job_againNew", { kind: say(`jobs_kind_${job.kind}`) });
  const values = { by: job.stopped_by, event: job.event_id, error: job.error_class, again };
  return names.map((each) => say(each, values)).join("");
}
