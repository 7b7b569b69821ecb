// How a page says a job, in the language of the person; what only the server knows stays English.
import { sayOr } from "./pagewords.js";

const two = (number) => String(Math.floor(number)).padStart(2, "0");

export const clock = (seconds) => `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
export const isOpen = (job) => job.state === "queued" || job.state === "running";
export const kindOf = (job) => sayOr(`jobs_kind_${job.kind}`, job.kind);
export const stateOf = (job) => sayOr(`jobs_is_${job.state}`, job.state);
export const sentenceOf = (job) => (job.state === "running" && job.stopped_by ? job.sentence : sayOr(`jobs_says_${job.state}`, job.sentence));
