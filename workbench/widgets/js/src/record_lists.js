// What a recording warns of, and what was done in it: lists of which a screen reader says what is new.
import { element } from "./dom.js";
import { clock } from "./model/recording.js";

export class WarningList {
  constructor(say) {
    this.say = say;
    this.root = element("ul", { class: "wb-warnings" });
  }

  /** Show warnings, as `Health.warnings` returns them; `isCut`: the server does not answer. */
  show(found, isCut) {
    const lines = found.map(({ say, text, why = "", ...values }) => [text ?? this.say(say, values), why]);
    if (isCut) lines.unshift([this.say("rec_cut"), ""]);
    // read out when something is new, not twice a second
    const said = JSON.stringify(lines);
    if (said === this.said) return;
    this.said = said;
    this.root.replaceChildren(...lines.map(([line, why]) => element("li", {}, element("span", { class: "wb-sign", "aria-hidden": "true" }, "▲"), element("span", {}, line, " ", element("span", { class: "wb-muted" }, why)))));
  }
}

export class JournalList {
  constructor(say) {
    this.say = say;
    this.root = element("ol", { class: "wb-journal", "aria-label": say("rec_journal"), "aria-live": "polite", tabindex: 0 });
  }

  /** Show the lines of a `Journal`; what is there already stays. */
  show(lines) {
    const keys = new Set(lines.map(({ key }) => key));
    for (const each of [...this.root.children]) if (!keys.has(each.dataset.key)) each.remove();
    for (const [at, { key, seconds, say, ...values }] of lines.entries()) {
      const there = this.root.children[at];
      if (there?.dataset.key !== key) this.root.insertBefore(element("li", { "data-key": key }, element("time", {}, clock(seconds)), " ", this.say(say, values)), there ?? null);
    }
  }
}
