// The page of profiling: ten stages of two runs beside the paper's, and the thread that bounds each.
import { element, select } from "./dom.js";
import { save } from "./downloads.js";
import * as model from "./model/profiling.js";
import { speaker } from "./model/words.js";
import { chooseLanguage, languageChoice, themeButton } from "./page_choices.js";

/** The paper's tests that are shown: the first, and the one with the quickest inference. */
const PAPER_TESTS = [0, 3];

export class Profiling {
  constructor(source, root) {
    chooseLanguage(source);
    this.language = source.get("language");
    Object.assign(this, { model: source, root, say: speaker(this.language), runs: source.get("runs") });
    root.classList.add("wb-widget", "wb-page", "wb-profiling");
    root.setAttribute("lang", this.language);
    this.body = element("main", { class: "wb-report" });
    root.append(this.#head(), this.body);
    const wanted = [...new Set(source.get("chosen"))].map((id) => this.runs.findIndex((each) => each.event_id === id)).filter((at) => at >= 0);
    // the benchmark is none of the archive's runs: it is compared where somebody chooses it
    const others = this.runs.map((_, at) => at).filter((at) => !wanted.includes(at) && (this.runs[at].event_id || this.runs.length === 1));
    this.chosen = [...wanted, ...others].slice(0, 2);
    this.show();
  }

  #head() {
    const { say } = this;
    this.theme = themeButton(say);
    const line = element("div", { class: "wb-line" },
      element("a", { class: "wb-brand", href: "/library", title: say("library") }, "‹ ", say("library")), element("h1", {}, say("profiling")),
      element("span", { class: "wb-grow" }), languageChoice(this.language, say), this.theme);
    return element("header", { class: "wb-head" }, line);
  }

  titleOf({ event_id: id, procedure, started, stages }) {
    if (!id) return this.say("benchmarkRun");
    const again = stages.length && !model.searches({ stages }) ? ` · ${this.say("renderedAgain")}` : "";
    return `${procedure} · ${started} · ${id.slice(0, 8)}${again}`;
  }

  get shown() {
    return this.chosen.map((at) => this.runs[at]);
  }

  show() {
    const { say, runs } = this;
    const without = this.model.get("without_times");
    const note = without ? element("p", { class: "wb-muted" }, say("withoutTimes", { count: without })) : null;
    if (!runs.length) {
      this.body.replaceChildren(element("h2", { class: "wb-big" }, say("noRuns")), element("p", { class: "wb-muted" }, say("noRunsHow")), note ?? "");
      return;
    }
    const parts = [this.#choices(), this.#verdict(), this.#stages(), this.#threads(), this.#settings(), note, this.#bare(), this.#source()];
    this.body.replaceChildren(...parts.filter(Boolean));
  }

  #choices() {
    const { say, runs } = this;
    const named = runs.map((run, at) => [at, this.titleOf(run)]);
    const choice = (place, label) => {
      // no run is compared with itself
      const others = [["", say("noSecondRun")], ...named.filter(([at]) => at !== this.chosen[0])];
      const made = select(say(label), place ? others : named, (value) => {
        this.chosen = model.choose(this.chosen, place, value);
        this.show();
        this.root.querySelectorAll(".wb-runs select")[place].focus();
      });
      made.value = String(this.chosen[place] ?? "");
      return element("label", { class: "wb-run" }, element("b", { class: "wb-letter", "data-event": place }, "AB"[place]), made);
    };
    const saving = element("button", { type: "button", class: "wb-main", onclick: () => save("profiling-stages.csv", model.stagesCsv(this.shown), "text/csv") }, say("exportStages"));
    return element("div", { class: "wb-runs" }, choice(0, "runA"), choice(1, "runB"), saving);
  }

  /** One sentence on each run, and one on both. */
  #verdict() {
    const { say, shown } = this;
    const number = (value) => digits(value, value < 10 ? 2 : 1, say, 0);
    const lines = shown.map((run, at) => {
      const { name, share } = model.boundBy(run);
      const stage = model.heaviest(run);
      return say("runSays", { run: "AB"[at], ms: number(model.wallPerFrame(run)), thread: say(`thread_${name}`), busy: Math.round(100 * share), stage: say(`stage_${stage.number}`), share: Math.round(100 * stage.share) });
    });
    const searching = shown.filter(model.searches).length;
    if (shown.length > 1 && searching === 1) lines.unshift(say("notAlike", { run: model.searches(shown[0]) ? "B" : "A" }));
    else if (shown.length > 1) {
      const { ratio, most, isEqual } = model.difference(...shown);
      const percent = Math.round(100 * (isEqual ? model.NOISE_SHARE : Math.abs(1 - ratio)));
      const key = isEqual ? "equalRuns" : ratio < 1 ? "quickerRun" : "slowerRun";
      lines.unshift(say(key, { percent, stage: say(`stage_${most.number}`), from: number(most.from), to: number(most.to) }));
    }
    return element("section", { class: "wb-verdict", role: "status" }, ...lines.map((each, at) => element("p", { class: at || shown.length < 2 ? "" : "wb-big" }, each)));
  }

  #bare() {
    const { say } = this;
    const found = this.model.get("benchmark");
    if (!found.to_bare) return null;
    const share = 1 / found.to_bare;
    return element("section", {}, element("h2", {}, say("againstBare")),
      element("div", { class: "wb-stack", role: "img", "aria-label": say("bareIs", { percent: Math.round(100 * share) }) }, part(share, "bare"), part(1 - share, "more")),
      element("p", { class: "wb-muted" }, say("bareSays", { ratio: digits(found.to_bare, 2, say), goal: found.at_most, machine: found.machine })));
  }

  #stages() {
    const { say, shown } = this;
    const name = (text, more = {}) => element("th", { scope: "col", ...more }, text);
    const runs = shown.flatMap((_, at) => [name(say("msPerFrame", { run: "AB"[at] })), name(say("shareOf", { run: "AB"[at] }))]);
    const head = element("tr", {}, name(say("stage")), name(say("thread")), ...runs, ...PAPER_TESTS.map((test) => name(say("paperTest", { test: test + 1 }))));
    const lines = shown[0].stages.map((first, row) => element("tr", {},
      element("th", { scope: "row" }, `${first.number} ${say(`stage_${first.number}`)}`), element("td", { class: "wb-muted" }, say(`thread_${first.thread}`)),
      ...shown.flatMap((run, at) => [element("td", {}, shownMs(model.perFrame(run, run.stages[row].seconds), say)), barCell(run.stages[row].share, at, say)]),
      ...PAPER_TESTS.map((test) => barCell(first.paper_shares?.[test] ?? null, "paper", say))));
    const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines));
    return element("section", {}, element("h2", {}, say("tenStages")), element("div", { class: "wb-table-place", tabindex: 0, role: "region", "aria-label": say("tenStages") }, table), element("p", { class: "wb-muted" }, say("sharesAre")));
  }

  #threads() {
    const { say, shown } = this;
    const rows = shown[0].threads.map(({ name }, row) => element("tr", {}, element("th", { scope: "row" }, say(`thread_${name}`)), ...shown.map((run, at) => {
      const { busy_seconds: busy, waiting_seconds: waiting, other_seconds: other } = run.threads[row];
      const whole = Math.max(busy + waiting + other, 1e-9);
      const percent = Math.round((100 * busy) / whole);
      const stack = element("div", { class: "wb-stack", "data-run": at, "aria-hidden": "true" }, part(busy / whole, "busy"), part(waiting / whole, "waiting"), part(other / whole, "other"));
      return element("td", {}, element("span", {}, say("busyOf", { percent })), stack);
    })));
    const head = element("tr", {}, element("th", { scope: "col" }, say("thread")), ...shown.map((_, at) => element("th", { scope: "col" }, "AB"[at])));
    return element("section", {}, element("h2", {}, say("fourThreads")), element("div", { class: "wb-table-place", tabindex: 0, role: "region", "aria-label": say("fourThreads") }, element("table", { class: "wb-threads" }, element("thead", {}, head), element("tbody", {}, ...rows))), element("p", { class: "wb-muted" }, say("threadsAre")));
  }

  #settings() {
    const { say, shown } = this;
    const facts = [[say("machine"), ({ detector }) => detector], [say("program"), ({ program }) => program], [say("frameCount"), ({ frames, event_id: id }) => (id ? String(frames) : "–")]];
    const { all, differing, same } = model.settingsOf(shown);
    const rows = shown.length > 1 ? differing : all;
    const line = (name, values) => element("tr", {}, element("th", { scope: "row" }, name), ...values.map((each) => element("td", { class: "wb-value" }, each)));
    const head = element("tr", {}, element("th", { scope: "col" }, say("option")), ...shown.map((_, at) => element("th", { scope: "col" }, "AB"[at])));
    const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...facts.map(([name, value]) => line(name, shown.map(value))), ...rows.map(({ name, values }) => line(name, values))));
    return element("section", {}, element("h2", {}, say("machineAndSettings")), element("div", { class: "wb-table-place", tabindex: 0, role: "region", "aria-label": say("machineAndSettings") }, table),
      shown.length > 1 ? element("p", { class: "wb-muted" }, say("sameSettings", { count: same })) : null);
  }

  #source() {
    return element("p", { class: "wb-muted wb-source" }, this.say("paperSource"), " ", this.model.get("source"));
  }
}

/** A number as the person's language writes it, with so many digits. */
const digits = (value, most, say, least = most) => value.toLocaleString(say.language, { minimumFractionDigits: least, maximumFractionDigits: most });
const shownMs = (value, say) => digits(value, value < 0.1 ? 3 : value < 10 ? 2 : 1, say);
const part = (share, kind) => element("span", { class: `wb-part wb-part-${kind}`, style: `width:${100 * Math.max(0, Math.min(1, share))}%` });

function barCell(share, run, say) {
  if (share === null) return element("td", { class: "wb-muted" }, "–");
  return element("td", { class: "wb-bar-cell", "data-run": run }, element("span", {}, `${digits(100 * share, 1, say)} %`), element("i", { "aria-hidden": "true", style: `width:${100 * share}%` }));
}

function render({ model: source, el }) {
  const profiling = new Profiling(source, el);
  el.profiling = profiling;
  return () => profiling.theme.endTheme();
}

export default { render };
