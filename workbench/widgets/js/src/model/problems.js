// What a person reads of an error, or of what the server notes: in the person's language, where there are words for it.
import { NAMED_ES } from "./named_es.js";
import { NAMED_PT } from "./named_pt.js";
import { SAID_ES } from "./said_es.js";
import { SAID_PT } from "./said_pt.js";

/** English is the server's own. */
export const SAID = { pt: { ...SAID_PT, ...NAMED_PT }, es: { ...SAID_ES, ...NAMED_ES } };

/** Values that are states, kinds of jobs, profiles or actions: how the names of their words begin. */
const WORDED = { state: "life", wanted: "life", possible: "life", kind: "jobs_kind", profile: "profile", action: "act" };
const OR = { pt: " ou ", es: " o " };

/** A number in a sentence of the server, which writes it as English does. */
const DECIMAL = /^-?[0-9]+\.[0-9]+$/;

const filled = (words, values) => words.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

/** A sentence of the server that has a name and values; the English one where there are no words for it. */
export function saidText(say, text, said) {
  const words = SAID[say.language]?.[said?.name];
  if (!words) return text;
  const values = Object.entries(said.values).map(([key, value]) => [key, WORDED[key] ? inWords(say, WORDED[key], value) : DECIMAL.test(value) ? value.replace(".", ",") : value]);
  return filled(words, Object.fromEntries(values));
}

/** What has words of its own, alone or several. */
const inWords = (say, kind, value) => value.split(/(, | or )/).map((each) => (each === " or " ? OR[say.language] : say.orText(`${kind}_${each.replaceAll(" ", kind === "act" ? "_" : " ")}`, each))).join("");

/** An error of the server: `error` in English, `code`, the name of its class, and `said`, its name and values. */
export const problemText = (say, problem) => sentence(problemPhrase(say, problem));

/** The same to stand inside another sentence. */
export function problemPhrase(say, { error, code, said }) {
  const text = saidText(say, error, said);
  const words = text === error ? SAID[say.language]?.[`err_${code}`] : undefined;
  return words ? filled(words, { sentence: sentence(error) }) : text;
}

/** A word at the beginning of a text; the name of a file, or of a source, stays as it is written. */
const FIRST_WORD = /^\p{Ll}(?=[\p{L}’'-]*(?:[\s,:;]|$))/u;

/** With a capital at its beginning and a full stop. */
export function sentence(text) {
  return `${text.replace(FIRST_WORD, (letter) => letter.toUpperCase())}${/[.?!][”»]?$/.test(text) ? "" : "."}`;
}
