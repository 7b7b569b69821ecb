// What a person chooses for every page, and the browser keeps: language, light or dark.
import { element, onTheme, select } from "./dom.js";
import { WORDS } from "./model/words.js";

const NAMES = { en: "English", pt: "Português", es: "Español" };

/** What the person chose before, else the browser's language, where there are words for it. */
export function chooseLanguage(source) {
  const wanted = wantedLanguage();
  if (wanted in WORDS && wanted !== source.get("language")) source.set("language", wanted);
}

/** The same, of a page without a widget. */
export function chosenLanguage() {
  const wanted = wantedLanguage();
  return wanted in WORDS ? wanted : "en";
}

const wantedLanguage = () => localStorage.getItem("language") ?? navigator.language.slice(0, 2);

export function languageChoice(language, say) {
  const choice = select(say("language"), Object.entries(NAMES), (value) => {
    localStorage.setItem("language", value);
    // no reload, which would send a form once more
    location.replace(location.pathname + location.search);
  });
  choice.value = language;
  choice.classList.add("wb-language");
  return choice;
}

/** Its `endTheme` ends that it follows what others choose. */
export function themeButton(say) {
  const { documentElement: page } = document;
  const name = () => say(page.dataset.theme === "light" ? "dark" : "light");
  const button = element("button", { type: "button", class: "wb-theme", onclick: () => {
    page.dataset.theme = page.dataset.theme === "light" ? "dark" : "light";
    localStorage.setItem("theme", page.dataset.theme);
  } }, name());
  button.endTheme = onTheme(() => button.replaceChildren(name()));
  return button;
}
