// What the widgets say, in each language; tests see to it that no language lacks a word.
import { JOBS_EN } from "./job_words_en.js";
import { JOBS_ES } from "./job_words_es.js";
import { JOBS_PT } from "./job_words_pt.js";
import { EN } from "./words_en.js";
import { ES } from "./words_es.js";
import { PT } from "./words_pt.js";

export const WORDS = { en: { ...EN, ...JOBS_EN }, pt: { ...PT, ...JOBS_PT }, es: { ...ES, ...JOBS_ES } };

/**
 * A function from the name of a sentence and its values to the sentence. It knows its `language`;
 * `orText` is the same of what may have no word here: a text as it is; and `number` writes one as the
 * language does, with so many digits after its comma at most and at least.
 */
export function speaker(language, all = WORDS) {
  const words = all[language] ?? all.en;
  const find = (name) => words[name] ?? all.en[name];
  const say = (name, values = {}) => (find(name) ?? name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  const number = (value, most, least = most) => value.toLocaleString(language, { minimumFractionDigits: least, maximumFractionDigits: most, useGrouping: false, signDisplay: "negative" });
  return Object.assign(say, { language, number, orText: (name, text) => find(name) ?? text });
}
