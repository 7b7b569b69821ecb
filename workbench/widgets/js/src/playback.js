// The page Playback: copies in step, signals aligned on a marker, a span measured in all.
import { button, element, helpDialog, icon, ownsKey, select, shownKey, withhold } from "./dom.js";
import { pngOf, save } from "./downloads.js";
import { figureSvg } from "./model/figure.js";
import { clock } from "./model/frame_index.js";
import { actionOf, PLAYBACK_KEYS } from "./model/keys.js";
import { Outbox } from "./model/outbox.js";
import * as model from "./model/playback.js";
import { problemText } from "./model/problems.js";
import { speaker } from "./model/words.js";
import { chooseLanguage, languageChoice, themeButton } from "./page_choices.js";
import { AlignedLanes } from "./playback_lanes.js";
import { Panel } from "./playback_panel.js";
import { Screens } from "./playback_screens.js";
import { SPEEDS } from "./player.js";

const MOST_EVENTS = 4;

export class Playback {
  constructor(source, root) {
    chooseLanguage(source);
    this.language = source.get("language");
    Object.assign(this, { model: source, root, say: speaker(this.language), now: 0, rows: [] });
    this.events = model.unpackEvents(source.get("events"), source.get("samples"), source.get("frames"));
    /** name of a signal -> the range of its values that is asked for; the others have none */
    this.ranges = new Map([["bis", [...source.get("limits")]]]);
    this.signal = model.signalNames(this.events)[0] ?? "";
    const kinds = model.markerKinds(this.events).filter(({ count }) => count === this.events.length);
    this.align = kinds[0]?.kind ?? model.FROM_START;
    root.classList.add("wb-widget", "wb-page", "wb-playback");
    root.setAttribute("lang", this.language);
    root.setAttribute("data-lm-suppress-shortcuts", "true");
    root.append(this.#head());
    if (this.events.length) this.#build();
    else root.append(this.#choice());
  }

  // ---- building

  #head() {
    const { say } = this;
    this.connection = element("div", { class: "wb-connection", role: "alert", hidden: true });
    this.theme = themeButton(say);
    const line = element(
      "div", { class: "wb-line" },
      element("a", { class: "wb-brand", href: "/library", title: say("library") }, "‹ ", say("library")), element("h1", {}, say("playback")),
      element("span", { class: "wb-grow" }), this.#adding(), languageChoice(this.language, say), this.theme,
    );
    return element("header", { class: "wb-head" }, line, this.connection);
  }

  #others() {
    const here = new Set(this.events.map((each) => each.event_id));
    return this.model.get("choices").filter((each) => !here.has(each.event_id));
  }

  #adding() {
    const others = this.#others();
    if (!this.events.length || this.events.length >= MOST_EVENTS || !others.length) return null;
    const choice = select(this.say("addEvent"), [["", this.say("addEvent")], ...others.map((each) => [each.event_id, titleOf(each)])], (value) => value && this.#open([...this.#ids(), value]));
    choice.classList.add("wb-add");
    return choice;
  }

  #ids() {
    return this.events.map((each) => each.event_id);
  }

  #open(ids) {
    location.assign(ids.length ? `/playback?events=${ids.join(",")}` : "/playback");
  }

  without(event) {
    this.#open(this.#ids().filter((each) => each !== event.event_id));
  }

  /** Nothing is chosen yet: a list of what could be. */
  #choice() {
    const { say } = this;
    const choices = this.model.get("choices");
    const problem = this.model.get("problem");
    const start = element("button", { type: "button", class: "wb-main", onclick: () => this.#open(picked()) });
    const why = element("span", { class: "wb-muted", role: "status" });
    const picked = () => [...list.querySelectorAll("input:checked")].map((each) => each.value);
    const changed = () => {
      const count = picked().length;
      const none = count ? "" : say("chooseOne");
      const full = count < MOST_EVENTS ? "" : say("fourChosen");
      withhold(start, none);
      start.textContent = count > 1 ? say("compareSo", { count }) : say("compareEvents");
      list.querySelectorAll("input:not(:checked)").forEach((each) => withhold(each, full));
      why.textContent = none || full;
    };
    const list = element("ul", { class: "wb-choices" }, ...choices.map((each) => element("li", {}, element("label", {}, element("input", { type: "checkbox", value: each.event_id, onchange: changed }), element("span", {}, titleOf(each)), element("span", { class: "wb-muted" }, say(each.is_released ? "withCopy" : "signalsOnly"))))));
    changed();
    return element("main", { class: "wb-choice" },
      problem.error ? element("p", { class: "wb-problem", role: "alert" }, problemText(say, problem)) : null,
      element("h2", {}, say(choices.length ? "chooseEvents" : "nothingToCompare")), element("p", { class: "wb-muted" }, say(choices.length ? "chooseHow" : "nothingHow")), list,
      choices.length ? element("p", { class: "wb-start" }, start, why) : null, this.#notListed());
  }

  /** The events that are not offered, and why: as much as the library says of each. */
  #notListed() {
    const left = this.model.get("left_out");
    if (!left.length) return null;
    const { say } = this;
    const rows = left.map((each) => element("li", {}, element("span", {}, titleOf(each)), element("span", { class: "wb-muted" }, say(each.why))));
    return element("details", { class: "wb-not-listed" }, element("summary", {}, say("notListed", { count: left.length })), element("ul", { class: "wb-choices" }, ...rows));
  }

  #build() {
    const { say } = this;
    this.outbox = new Outbox((content) => this.model.send(content), (late) => this.#late(late));
    this.model.on("msg:custom", (message) => message.kind === "answer" && this.#answered(message));
    this.shifts = model.shiftsOf(this.events, this.align);
    this.extent = model.extentOf(this.events, this.shifts);
    this.wanted = { span: [...this.extent] };
    this.screens = new Screens(this);
    this.lanes = new AlignedLanes(this);
    this.panel = new Panel(this);
    this.panel.align.value = this.align;
    this.help = helpDialog(say, [PLAYBACK_KEYS]);
    const left = element("main", { class: "wb-board" }, this.screens.root, this.#tools(), this.lanes.root);
    this.root.append(left, this.panel.root, this.help);
    this.onkeydown = (event) => this.#keyOnPage(event);
    document.addEventListener("keydown", this.onkeydown);
    this.realign();
  }

  #tools() {
    const { say } = this;
    const make = (sign, action) => button(sign, say(action), shownKey(PLAYBACK_KEYS[action][0]), () => this.act(action));
    this.playButton = make("play", "play");
    // where no copy plays there is no frame to go to
    const ofFrames = (...buttons) => (this.events.some((each) => each.copy_url) ? buttons : []);
    this.speed = select(say("speed"), SPEEDS.map((each) => [each, `${each}×`]), (value) => this.screens.setRate(Number(value)));
    this.speed.value = "1";
    this.time = element("output", { class: "wb-now", "aria-label": say("timeFromMarker") });
    this.range = element("span", { class: "wb-range" });
    return element(
      "div", { class: "wb-tools", role: "toolbar", "aria-label": say("player") },
      ...ofFrames(make("back", "back"), make("previous", "previous")), this.playButton, ...ofFrames(make("next", "next"), make("forward", "forward")), this.speed, this.time,
      element("span", { class: "wb-grow" }), make("[", "spanStart"), make("]", "spanStop"),
      button("panLeft", say("panLeft"), null, () => this.lanes.pan(-0.25)), button("panRight", say("panRight"), null, () => this.lanes.pan(0.25)),
      make("zoomIn", "zoomIn"), button("zoomOut", say("zoomAll"), "0", () => this.act("zoomOut")), this.range, make("?", "help"),
    );
  }

  // ---- what is shown

  colourOf(event) {
    return getComputedStyle(this.root).getPropertyValue(`--wb-event-${event.at}`);
  }

  alignOn(kind) {
    this.align = kind;
    this.shifts = model.shiftsOf(this.events, kind);
    this.extent = model.extentOf(this.events, this.shifts);
    if (!this.wanted.between) this.wanted = { span: [...this.extent] };
    this.now = 0;
    this.realign();
  }

  realign() {
    this.lanes.load();
    this.panel.showMarkers();
    this.seek(Math.min(Math.max(this.now, this.extent[0]), this.extent[1]));
    this.measure();
  }

  seek(seconds) {
    const now = Math.min(Math.max(seconds, this.extent[0]), this.extent[1]);
    this.screens.show(now);
    this.moved(now);
  }

  moved(now) {
    this.now = now;
    this.time.textContent = signedClock(now, 1);
    this.lanes.showNow();
  }

  showPlaying() {
    const action = this.screens.playing ? "pause" : "play";
    this.playButton.replaceChildren(icon(action));
    this.playButton.setAttribute("aria-label", this.say(action));
  }

  showView(view) {
    this.range.textContent = view.map((each) => signedClock(each)).join(" – ");
  }

  // ---- measuring

  chooseSpan([start, stop]) {
    const inside = [Math.max(start, this.extent[0]), Math.min(stop, this.extent[1])];
    if (inside[0] >= inside[1]) return;
    this.wanted = { span: inside };
    this.panel.forgetMarkers();
    this.measure();
  }

  measureBetween(between) {
    this.wanted = between ? { ...this.wanted, between } : { span: this.wanted.span };
    this.measure();
  }

  measureSignal(name) {
    this.signal = name;
    this.panel.showLimits();
    this.measure();
  }

  /** The range of the signal that is measured; null: none is asked for. */
  get limits() {
    return this.ranges.get(this.signal) ?? null;
  }

  setLimits(typed) {
    const limits = typed.map((each) => (each === "" ? NaN : Number(each)));
    const isNone = typed.every((each) => each === "");
    if (!isNone && !(limits[0] <= limits[1])) {
      this.panel.tell(this.say("wrongLimits"));
      return;
    }
    if (isNone) this.ranges.delete(this.signal);
    else this.ranges.set(this.signal, limits);
    this.measure();
  }

  measure() {
    this.panel.tell("");
    this.panel.showSpan();
    this.lanes.repaint();
    const spans = model.spansOf(this.events, this.shifts, this.wanted);
    this.outbox.post({ kind: "measure", what: "measure", spans, limits: this.limits ?? this.model.get("limits") });
  }

  /** Where the measured spans lie on the page: one for all, or one for each event. */
  drawnSpans() {
    if (!this.wanted?.between) return this.wanted ? [this.wanted.span] : [];
    const own = model.spansOf(this.events, this.shifts, this.wanted);
    return own.flatMap((span, at) => (span && this.shifts[at] !== null ? [span.map((each) => each - this.shifts[at])] : []));
  }

  #answered({ number, problem, rows }) {
    if (!this.outbox.answered(number) || number < this.outbox.number) return;
    if (problem) {
      this.panel.tell(problemText(this.say, problem));
      return;
    }
    this.rows = rows;
    this.panel.showMeasures(rows);
  }

  #late(isLate) {
    this.connection.hidden = !isLate;
    this.connection.textContent = isLate ? this.say("noConnectionHere") : "";
  }

  // ---- files

  async exportAs(kind) {
    const { events, shifts, say } = this;
    const name = `playback-${events.map((each) => each.event_id.slice(0, 8)).join("-")}`;
    const files = {
      svg: () => save(`${name}.svg`, this.figure(), "image/svg+xml"),
      png: async () => save(`${name}.png`, await pngOf(this.figure())),
      signals: () => save(`${name}-signals.csv`, model.signalsCsv(events, shifts, this.align), "text/csv"),
      measures: () => save(`${name}-measures.csv`, model.measuresCsv(events, this.rows, this.signal, this.limits), "text/csv"),
      markers: () => save(`${name}-markers.csv`, model.markersCsv(events, shifts), "text/csv"),
    };
    await files[kind]();
    this.panel.tell("");
    this.time.title = say("saved_file");
  }

  figure() {
    const { events, shifts, say } = this;
    const lanes = model.signalNames(events).map((name) => ({
      name, unit: events.map((each) => each.signals.get(name)?.unit).find(Boolean) ?? "", series: model.laneOf(events, shifts, name), limits: name === this.signal ? this.limits : null,
    }));
    const labels = events.map((each) => `${each.letter} · ${each.event_id.slice(0, 8)}`);
    const axis = say(this.align ? "timeFrom" : "timeFromStart", { kind: this.align });
    return figureSvg({ lanes, labels, view: this.lanes.view, span: this.wanted.between ? null : this.wanted.span, axis, clock: signedClock, number: (value) => this.lanes.valueText(value) });
  }

  // ---- keys

  act(action) {
    const rates = (by) => SPEEDS[Math.min(Math.max(SPEEDS.indexOf(this.screens.rate) + by, 0), SPEEDS.length - 1)];
    const setRate = (rate) => {
      this.screens.setRate(rate);
      this.speed.value = String(rate);
    };
    const actions = {
      play: () => (this.screens.playing ? this.screens.pause() : this.screens.play()),
      next: () => this.screens.step(1), previous: () => this.screens.step(-1), forward: () => this.screens.step(10), back: () => this.screens.step(-10),
      first: () => this.seek(this.extent[0]), last: () => this.seek(this.extent[1]),
      faster: () => setRate(rates(1)), slower: () => setRate(rates(-1)),
      spanStart: () => this.chooseSpan([this.now, this.wanted.span[1] > this.now ? this.wanted.span[1] : this.extent[1]]),
      spanStop: () => this.chooseSpan([this.wanted.span[0] < this.now ? this.wanted.span[0] : this.extent[0], this.now]),
      zoomIn: () => this.lanes.zoom(2), zoomOut: () => this.lanes.setView(this.lanes.whole),
      exportFigure: () => this.exportAs("png"), help: () => this.help.showModal(),
    };
    actions[action]?.();
    return action in actions;
  }

  pressed(event) {
    return this.act(actionOf(event, PLAYBACK_KEYS));
  }

  #keyOnPage(event) {
    if (event.defaultPrevented || this.help.open || event.target.closest?.("dialog") || ownsKey(event.target, event.key)) return;
    if (this.pressed(event)) event.preventDefault();
  }

  close() {
    document.removeEventListener("keydown", this.onkeydown);
    this.theme.endTheme();
    this.outbox?.close();
    this.screens?.close();
    this.lanes?.close();
  }
}

const { signedClock } = model;

function titleOf({ procedure, started, event_id: id, end_seconds: seconds }) {
  return `${procedure} · ${started} · ${seconds ? clock(seconds, 0) : "–"} · ${id.slice(0, 8)}`;
}

function render({ model: source, el }) {
  const playback = new Playback(source, el);
  el.playback = playback;
  return () => playback.close();
}

export default { render };
