// The words of a page that the server writes in English: put into the language of the person.
import { speaker } from "./model/words.js";
import { chosenLanguage, languageChoice } from "./page_choices.js";

const language = chosenLanguage();
const say = speaker(language);
document.documentElement.lang = language;
for (const each of document.querySelectorAll("[data-say]")) each.textContent = say(each.dataset.say, each.dataset);
for (const each of document.querySelectorAll("[data-say-label]")) each.setAttribute("aria-label", say(each.dataset.sayLabel, each.dataset));
for (const each of document.querySelectorAll("[data-say-placeholder]")) each.placeholder = say(each.dataset.sayPlaceholder, each.dataset);
const theme = document.getElementById("theme");
Object.assign(theme.dataset, { light: say("light"), dark: say("dark") });
theme.before(languageChoice(language, say));
