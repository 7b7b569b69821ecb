// What is measured: the span and the limits, a table of measures, a table of markers.
import { element, select, wordButton } from "./dom.js";
import { FROM_START, markerKinds, markerSeconds, signalNames, signedClock } from "./model/playback.js";

const SHOWN_DIGITS = 1;

export class Panel {
  constructor(board) {
    this.board = board;
    const { say, events } = board;
    const kinds = markerKinds(events);
    const named = kinds.map(({ kind, count }) => [kind, count < events.length ? say("markerOfSome", { kind, count, all: events.length }) : kind]);
    this.align = select(say("alignOn"), [[FROM_START, say("startOfEvent")], ...named], (value) => board.alignOn(value));
    this.from = select(say("measureFrom"), [["", say("drawnSpan")], ...kinds.map(({ kind }) => [kind, kind])], () => this.#between());
    this.until = select(say("measureUntil"), [["", say("drawnSpan")], ...kinds.map(({ kind }) => [kind, kind])], () => this.#between());
    this.signal = select(say("signal"), signalNames(events).map((name) => [name, name]), (value) => board.measureSignal(value));
    this.low = this.#limit("lowLimit", 0);
    this.high = this.#limit("highLimit", 1);
    this.span = element("p", { class: "wb-span wb-muted", role: "status" });
    this.problem = element("p", { class: "wb-problem", role: "alert", hidden: true });
    this.measures = element("div", { class: "wb-table-place wb-measures-table", tabindex: 0, role: "region", "aria-label": say("measures") });
    this.markers = element("div", { class: "wb-table-place", tabindex: 0, role: "region", "aria-label": say("markers") });
    this.root = element(
      "aside", { class: "wb-side", "aria-label": say("measures") },
      element("h2", {}, say("alignment")), row(say("alignOn"), this.align),
      element("h2", {}, say("measures")),
      row(say("measureFrom"), this.from), row(say("measureUntil"), this.until), this.span,
      row(say("signal"), this.signal), row(say("range"), element("span", { class: "wb-limits" }, this.low, element("span", { "aria-hidden": "true" }, "–"), this.high)),
      this.problem, this.measures, element("h2", {}, say("markers")), this.markers, this.#exports(),
    );
  }

  #limit(name, at) {
    return element("input", { type: "number", step: "any", "aria-label": this.board.say(name), value: this.board.limits?.[at] ?? "", onchange: () => this.board.setLimits([this.low.value, this.high.value]) });
  }

  /** The range of the signal that is measured now. */
  showLimits() {
    [this.low.value, this.high.value] = this.board.limits ?? ["", ""];
  }

  #exports() {
    const { board } = this;
    const { say } = board;
    const quiet = (name, kind) => element("button", { type: "button", onclick: () => board.exportAs(kind) }, say(name));
    const main = wordButton(say("exportFigure"), "E", () => board.exportAs("png"));
    main.classList.add("wb-main");
    return element("div", { class: "wb-exports", role: "group", "aria-label": say("exports") }, main, quiet("exportSvg", "svg"), quiet("exportSignals", "signals"), quiet("exportMeasures", "measures"), quiet("exportMarkers", "markers"));
  }

  #between() {
    const { board, from, until } = this;
    board.measureBetween(from.value && until.value ? [from.value, until.value] : null);
  }

  tell(sentence) {
    this.problem.textContent = sentence;
    this.problem.hidden = !sentence;
  }

  /** A span that is drawn takes the place of markers. */
  forgetMarkers() {
    [this.from.value, this.until.value] = ["", ""];
  }

  showSpan() {
    const { board } = this;
    const { wanted } = board;
    const [start, stop] = wanted.span;
    this.span.textContent = wanted.between ? board.say("eachOwnSpan") : `${signedClock(start, 1)} – ${signedClock(stop, 1)} · ${board.say.number(stop - start, 1, 0)} s`;
  }

  showMeasures(rows) {
    const { board } = this;
    const { say, signal, limits } = board;
    const shown = (value) => (value === null || value === undefined ? "–" : say.number(value, SHOWN_DIGITS, 0));
    const name = (key, values) => element("th", { scope: "col" }, say(key, values));
    const head = element("tr", {}, name("event"), name("mean"), name("minMax"), ...(limits ? [name("inside", { low: shown(limits[0]), high: shown(limits[1]) }), name("below"), name("above")] : []), name("gaps"));
    const lines = board.events.map((event, at) => {
      const measured = rows[at]?.signals?.[signal];
      const letter = element("th", { scope: "row" }, element("b", { class: "wb-letter", "data-event": event.at }, event.letter));
      if (!measured) return element("tr", {}, letter, element("td", { colspan: limits ? 6 : 3, class: "wb-muted" }, say(rows[at] ? "noSuchSignal" : "noSuchMarker")));
      const whole = rows[at].span[1] - rows[at].span[0];
      const share = (seconds) => `${shown((100 * seconds) / whole)} %`;
      const cells = [shown(measured.mean), measured.min === null ? "–" : `${shown(measured.min)} – ${shown(measured.max)}`, ...(limits ? [[measured.inside_seconds], [measured.below_seconds], [measured.above_seconds]] : []), [measured.unknown_seconds]];
      return element("tr", {}, letter, ...cells.map((each) => (Array.isArray(each)
        ? element("td", { title: `${shown(each[0])} s` }, share(each[0]))
        : element("td", {}, each))));
    });
    this.measures.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines)));
  }

  showMarkers() {
    const { board } = this;
    const { events, shifts, say } = board;
    const kinds = markerKinds(events);
    if (!kinds.length) {
      this.markers.replaceChildren(element("p", { class: "wb-muted" }, say("noMarkers")));
      return;
    }
    const head = element("tr", {}, element("th", { scope: "col" }, say("marker_name")), ...events.map((event) => element("th", { scope: "col" }, element("b", { class: "wb-letter", "data-event": event.at }, event.letter))));
    const lines = kinds.map(({ kind }) => element("tr", {}, element("th", { scope: "row" }, kind), ...events.map((event, at) => {
      const seconds = markerSeconds(event, kind);
      if (seconds === null) return element("td", { class: "wb-muted" }, "–");
      if (shifts[at] === null) return element("td", {}, signedClock(seconds, 1));
      const there = seconds - shifts[at];
      return element("td", {}, element("button", { type: "button", class: "wb-go", "aria-label": say("goTo", { kind, letter: event.letter }), onclick: () => board.seek(there) }, signedClock(there, 1)));
    })));
    this.markers.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines)));
  }
}

const row = (label, control) => element("label", { class: "wb-row" }, element("span", {}, label), control);
