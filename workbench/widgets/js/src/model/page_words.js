// The words of the widgets and those of the server's own pages, in each language.
import { PAGES_EN } from "./page_words_en.js";
import { PAGES_ES } from "./page_words_es.js";
import { PAGES_PT } from "./page_words_pt.js";
import { WORDS } from "./words.js";

export const PAGE_WORDS = { en: { ...WORDS.en, ...PAGES_EN }, pt: { ...WORDS.pt, ...PAGES_PT }, es: { ...WORDS.es, ...PAGES_ES } };
