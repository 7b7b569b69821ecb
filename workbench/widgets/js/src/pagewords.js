// The words of a page that the server writes in English: put into the language of the person.
import { jobSentence } from "./model/job_sentence.js";
import { PAGE_WORDS } from "./model/page_words.js";
import { problemText, saidText } from "./model/problems.js";
import { speaker } from "./model/words.js";
import { chosenLanguage, languageChoice } from "./page_choices.js";
import { leaveWithSession } from "./session.js";

export { sentence } from "./model/problems.js";

const language = chosenLanguage();
/** From the name of a sentence and its values to the sentence, for what scripts write on a page. */
export const say = speaker(language, PAGE_WORDS);
/** The same of what the program has no word for, such as a kind of job of a newer one: a text as it is. */
export const sayOr = say.orText;
/** What a person reads of an error of the server, and of another sentence that has a name. */
export const problem = (content) => problemText(say, content);
export const named = (text, said) => saidText(say, text, said);
/** What a person reads of a job. */
export const sentenceOf = (job) => jobSentence(job, say);

document.documentElement.lang = language;
const title = document.querySelector("title").dataset;
if (title.says) document.title = `${say(title.says, title)} · Surgery Workbench`;
for (const each of document.querySelectorAll("[data-say]")) {
  if (each.dataset.say in PAGE_WORDS.en) each.textContent = say(each.dataset.say, each.dataset);
}
for (const each of document.querySelectorAll("[data-mib]")) each.textContent = `${say.number(Number(each.dataset.mib), 1)} MiB`;
// English is the server's own
for (const each of document.querySelectorAll("[data-named]")) each.textContent = named(each.textContent, { name: each.dataset.named, values: {} });
for (const each of document.querySelectorAll("[data-what-named]")) each.dataset.what = named(each.dataset.what, { name: each.dataset.whatNamed, values: {} });
for (const each of document.querySelectorAll("[data-error]")) each.textContent = problem(JSON.parse(each.dataset.error));
for (const each of document.querySelectorAll("[data-say-label]")) each.setAttribute("aria-label", say(each.dataset.sayLabel, each.dataset));
for (const each of document.querySelectorAll("[data-say-placeholder]")) each.placeholder = say(each.dataset.sayPlaceholder, each.dataset);
const theme = document.getElementById("theme");
Object.assign(theme.dataset, { light: say("light"), dark: say("dark") });
theme.before(languageChoice(language, say));

// who is signed in can sign out
if (document.querySelector("form[action='/logout']")) leaveWithSession();
