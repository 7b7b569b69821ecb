// While the kernel of a dashboard starts, and where it does not: a page never waits without a word.
import { problemText } from "./model/problems.js";
import { WAITING_EN } from "./model/waiting_words_en.js";
import { WAITING_ES } from "./model/waiting_words_es.js";
import { WAITING_PT } from "./model/waiting_words_pt.js";
import { speaker, WORDS } from "./model/words.js";
import { chosenLanguage } from "./page_choices.js";
import { leaveWithSession } from "./session.js";

const language = chosenLanguage();
const say = speaker(language, { en: { ...WORDS.en, ...WAITING_EN }, pt: { ...WORDS.pt, ...WAITING_PT }, es: { ...WORDS.es, ...WAITING_ES } });
document.documentElement.lang = language;

/** Put what was written in English into the language of the person, each once. */
function translate() {
  for (const each of document.querySelectorAll("[data-say]")) {
    each.textContent = say(each.dataset.say);
    delete each.dataset.say;
  }
  for (const each of document.querySelectorAll("[data-error]")) {
    each.textContent = problemText(say, JSON.parse(each.dataset.error));
    delete each.dataset.error;
  }
}

const dashboard = window.dashboard = {
  content: ".jp-OutputArea-output .lm-Widget, .lm-Widget.jp-RenderedHTMLCommon",
  /** What stands above the notebook is there. */
  begin() {
    const { says } = document.querySelector("title").dataset;
    if (says) document.title = `${say(says)} · Surgery Workbench`;
    translate();
  },
  fault(name, values) {
    dashboard.show(say("wait_failed"), say(name, values));
  },
  show(title, text) {
    const waiting = document.getElementById("waiting");
    if (!waiting) return;
    waiting.setAttribute("role", "alert");
    document.getElementById("waiting-title").textContent = title;
    document.getElementById("waiting-text").textContent = text;
  },
  /** The server has said what is wrong. */
  fail() {
    dashboard.isComplete = true;
    document.getElementById("waiting")?.remove();
  },
  finish() {
    dashboard.isComplete = true;
    window.display_cells();
    // what Voila has put on the page is seen as soon as there is something
    const timer = setInterval(() => {
      const shown = document.querySelector(dashboard.content);
      if (!shown) return;
      clearInterval(timer);
      document.getElementById("waiting")?.remove();
    }, 100);
    setTimeout(() => {
      dashboard.fault("wait_noAnswer");
    }, 60_000);
  },
};
// a class and not :has(), for which every change of a page would be the style of all of it anew
new MutationObserver((_, observer) => {
  translate();
  const page = document.querySelector(".wb-page, .lm-Widget.jp-RenderedHTMLCommon .card");
  if (!page) return;
  observer.disconnect();
  for (let each = page.parentElement; each; each = each.parentElement) each.classList.add("holds-page");
}).observe(document, { childList: true, subtree: true });
// what an output links to opens another tab in JupyterLab; the ways of a card lead on
addEventListener("click", ({ target }) => {
  const way = target.closest(".card a");
  if (way) way.target = "";
}, true);
window.voila_process = () => {};
window.voila_heartbeat = () => {};
window.update_loading_text = () => {};
window.display_cells = () => { document.getElementById("rendered_cells")?.removeAttribute("hidden"); };
window.voila_finish = () => {};
addEventListener("error", (event) => {
  if (!document.querySelector(dashboard.content)) dashboard.fault("wait_part", { what: event.message });
});
addEventListener("DOMContentLoaded", () => {
  if (!dashboard.isComplete) dashboard.fault("wait_stopped");
});
// the pages of a review and of the recorder leave by themselves, once nothing is lost by that
if (!/^\/(review|record)\b/.test(location.pathname)) leaveWithSession();
