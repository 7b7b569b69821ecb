// Signals under the video: a lane each, with the time that is shown.
import uPlot from "uplot";
import { button, element, onTheme, ownsKey } from "./dom.js";
import { clock } from "./model/frame_index.js";
import { shareTraits } from "./model/sharing.js";
import { movedSpan, unpack, valueAt, withGaps, zoomedSpan } from "./model/signals.js";
import { speaker } from "./model/words.js";

const LANE_PX = 84;
/** Behind the comma of a number on an axis. */
const MOST_DIGITS = 4;
const COLOURS = ["#7cc4ff", "#5fd38d", "#ffc24b", "#ff9e6b", "#c79bff", "#ff7a70"];

export class Timeline {
  constructor(model, root) {
    Object.assign(this, { model, root, say: speaker(model.get("language")), plots: [] });
    /** Called whenever another span is shown, or at another place. */
    this.onView = () => {};
    root.classList.add("wb-widget", "wb-timeline");
    const attributes = { tabindex: 0, role: "region", "aria-label": this.say("timeline"), "data-lm-suppress-shortcuts": "true" };
    Object.entries(attributes).forEach(([name, value]) => root.setAttribute(name, value));
    this.lanes = element("div", { class: "wb-lanes" });
    this.range = element("span", { class: "wb-range", role: "status" });
    root.append(this.lanes, this.#tools());
    root.addEventListener("keydown", (event) => this.#pressed(event));
    model.on("change:signals", () => this.load());
    model.on("change:samples", () => this.load());
    model.on("change:seconds", () => this.#moved());
    model.on("change:loop", () => this.#showLoop());
    model.on("change:markers", () => this.#redraw());
    this.observer = new ResizeObserver(() => this.#resize());
    this.load();
    this.observer.observe(root);
    this.endTheme = onTheme(() => this.#redraw());
  }

  #tools() {
    const make = (name, key, action) => button(name, this.say(name), key, action);
    this.loopButton = make("loop", "L", () => this.toggleLoop());
    return element(
      "div", { class: "wb-tools", role: "toolbar", "aria-label": this.say("timeline") },
      make("panLeft", "←", () => this.pan(-0.25)), make("panRight", "→", () => this.pan(0.25)),
      make("zoomIn", "+", () => this.zoom(2)), make("zoomOut", "0", () => this.setSpan(this.whole)),
      this.loopButton, element("span", { class: "wb-grow" }), this.range,
    );
  }

  load() {
    this.plots.forEach((plot) => plot.destroy());
    const signals = this.model.get("signals");
    this.data = unpack(this.model.get("samples"), signals).map((each) => withGaps(...each));
    const times = this.data.flatMap(([xs]) => (xs.length ? [xs[0], xs.at(-1)] : []));
    const end = this.model.get("end_seconds");
    this.whole = [Math.min(0, ...times), Math.max(end, ...times, 1)];
    this.span = this.whole;
    this.lanes.replaceChildren();
    if (!signals.length) this.lanes.append(element("p", { class: "wb-empty" }, this.say("noSignals")));
    this.plots = signals.map((signal, at) => this.#lane(signal, at, at === signals.length - 1));
    this.setSpan(this.whole);
    this.#showLoop();
  }

  #lane({ name, unit }, at, last) {
    const colour = COLOURS[at % COLOURS.length];
    const value = element("b", {});
    const head = element("div", { class: "wb-lane-head", style: `border-color:${colour}` }, element("span", {}, name), value, element("span", { class: "wb-unit" }, unit));
    const place = element("div", { class: "wb-lane-plot", role: "img", "aria-label": `${name} ${unit}` });
    this.lanes.append(element("div", { class: "wb-lane" }, head, place));
    const colourOf = (name) => () => getComputedStyle(this.root).getPropertyValue(name);
    const grid = { stroke: colourOf("--wb-line"), width: 1 };
    const axis = { stroke: colourOf("--wb-muted"), grid, ticks: { show: false }, font: "11px ui-monospace, 'DejaVu Sans Mono', monospace" };
    const plot = new uPlot(
      {
        width: Math.max(place.clientWidth, 50), height: last ? LANE_PX + 24 : LANE_PX,
        padding: [8, 36, 8, 0], legend: { show: false }, cursor: { sync: { key: "wb" }, y: false, drag: { x: true, y: false } },
        scales: { x: { time: false } },
        axes: [
          { ...axis, show: last, size: 24, values: (_, ticks) => ticks.map((tick) => clock(tick, 0)), space: 80 },
          { ...axis, size: 44, space: 24, values: (_, ticks) => ticks.map((tick) => this.say.number(tick, MOST_DIGITS, 0)) },
        ],
        series: [{}, { stroke: colour, width: 1.5, spanGaps: false, points: { show: false } }],
        hooks: {
          setScale: [(self, key) => key === "x" && this.#scaled(self)],
          draw: [(self) => this.#drawOver(self)],
        },
      },
      this.data[at], place,
    );
    plot.over.addEventListener("click", (event) => this.#clicked(plot, event));
    plot.over.addEventListener("wheel", (event) => this.#wheel(plot, event), { passive: false });
    return Object.assign(plot, { place, value, name });
  }

  // ---- the span that is shown

  setSpan(span) {
    this.span = span;
    this.setting = true;
    this.plots.forEach((plot) => plot.setScale("x", { min: span[0], max: span[1] }));
    this.setting = false;
    this.range.textContent = span.map((each) => clock(each, 0)).join(" – ");
    this.#moved();
    this.onView();
  }

  /** Where the span begins and ends, in pixels from the left of another element; null: no signal. */
  edgesIn(other) {
    const over = this.plots[0]?.over;
    if (!over) return null;
    const { left: from } = other.getBoundingClientRect();
    const { left, right } = over.getBoundingClientRect();
    return [left - from, right - from];
  }

  /** A span that was drawn in one lane holds in all. */
  #scaled(plot) {
    const { min, max } = plot.scales.x;
    if (this.setting || min == null || (min === this.span[0] && max === this.span[1])) return;
    queueMicrotask(() => this.setSpan([Math.max(min, this.whole[0]), Math.min(max, this.whole[1])]));
  }

  zoom(factor, around = this.model.get("seconds")) {
    const inside = around >= this.span[0] && around <= this.span[1];
    this.setSpan(zoomedSpan(this.span, factor, inside ? around : (this.span[0] + this.span[1]) / 2, this.whole));
  }

  pan(share) {
    this.setSpan(movedSpan(this.span, share * (this.span[1] - this.span[0]), this.whole));
  }

  #wheel(plot, event) {
    event.preventDefault();
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (sideways) this.pan(Math.sign(event.deltaX || event.deltaY) * 0.1);
    else this.zoom(event.deltaY < 0 ? 1.25 : 0.8, plot.posToVal(event.offsetX, "x"));
  }

  // ---- time

  #clicked(plot, event) {
    if (plot.select.width > 2) return;
    this.seek(plot.posToVal(event.offsetX, "x"));
  }

  seek(seconds) {
    const inside = Math.min(Math.max(seconds, 0), this.whole[1]);
    this.model.set("seek", [inside, this.model.get("seek")[1] + 1]);
    shareTraits(this.model);
  }

  #moved() {
    const now = this.model.get("seconds");
    this.plots.forEach((plot, at) => {
      const value = valueAt(this.data[at], now);
      plot.value.textContent = value === null ? "–" : this.say.number(value, 1, 0);
    });
    this.#redraw();
  }

  #redraw() {
    this.plots.forEach((plot) => plot.redraw(false));
  }

  #drawOver(plot) {
    const { ctx, bbox } = plot;
    const line = (seconds, colour, width) => {
      const x = plot.valToPos(seconds, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) return;
      ctx.fillStyle = colour;
      ctx.fillRect(Math.round(x - width / 2), bbox.top, width, bbox.height);
    };
    const [start, stop] = this.model.get("loop");
    if (stop !== undefined) {
      const edges = [start, stop].map((each) => Math.min(Math.max(plot.valToPos(each, "x", true), bbox.left), bbox.left + bbox.width));
      ctx.fillStyle = "rgba(76, 194, 255, 0.14)";
      ctx.fillRect(edges[0], bbox.top, edges[1] - edges[0], bbox.height);
    }
    this.model.get("markers").forEach(({ seconds }) => line(seconds, "#ffc24b", devicePixelRatio));
    line(this.model.get("seconds"), "#4cc2ff", 2 * devicePixelRatio);
  }

  toggleLoop() {
    this.model.set("loop", this.model.get("loop").length ? [] : [...this.span]);
    shareTraits(this.model);
  }

  #showLoop() {
    const on = this.model.get("loop").length > 0;
    const label = this.say(on ? "loopOff" : "loop");
    this.loopButton.setAttribute("aria-pressed", on);
    this.loopButton.setAttribute("aria-label", label);
    this.loopButton.title = `${label} (L)`;
    this.#redraw();
  }

  #pressed(event) {
    if (ownsKey(event.target, event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
    const actions = {
      ArrowLeft: () => this.pan(-0.25), ArrowRight: () => this.pan(0.25),
      "+": () => this.zoom(2), "-": () => this.zoom(0.5), 0: () => this.setSpan(this.whole), l: () => this.toggleLoop(),
    };
    if (!actions[event.key]) return;
    actions[event.key]();
    event.preventDefault();
    event.stopPropagation();
  }

  #resize() {
    this.plots.forEach((plot) => plot.setSize({ width: Math.max(plot.place.clientWidth, 50), height: plot.height }));
    this.onView();
  }

  close() {
    this.endTheme();
    this.observer.disconnect();
    this.plots.forEach((plot) => plot.destroy());
  }
}

function render({ model, el }) {
  const timeline = new Timeline(model, el);
  el.widget = timeline;
  return () => timeline.close();
}

export default { render };
