// The signals of several events in one lane each, counted from a marker; a span drawn in one holds in all.
import uPlot from "uplot";
import { element, onTheme } from "./dom.js";
import { DASHES } from "./model/figure.js";
import { digitsOf, laneOf, signalNames, signedClock } from "./model/playback.js";
import { movedSpan, valueAt, zoomedSpan } from "./model/signals.js";

const LANE_PX = 96;
const MARGIN = 0.02;
/** Behind the comma of a number on an axis. */
const MOST_DIGITS = 4;

export class AlignedLanes {
  /** @param board `events`, `shifts`, `extent`, `now`, `span`, `limits`, `colourOf`, `seek`, `chooseSpan` */
  constructor(board) {
    Object.assign(this, { board, plots: [] });
    this.root = element("div", { class: "wb-lanes" });
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(this.root);
    this.endTheme = onTheme(() => this.repaint());
  }

  /** A value as it stands on an axis. */
  valueText(value) {
    return this.board.say.number(value, MOST_DIGITS, 0);
  }

  load() {
    const { events, extent, say } = this.board;
    this.plots.forEach(({ plot }) => plot.destroy());
    const names = signalNames(events);
    const pad = (extent[1] - extent[0]) * MARGIN;
    this.whole = [extent[0] - pad, extent[1] + pad];
    this.root.replaceChildren();
    if (!names.length) this.root.append(element("p", { class: "wb-empty" }, say("noSignalsAtAll")));
    this.plots = names.map((name, at) => this.#lane(name, at === names.length - 1));
    this.setView(this.whole);
  }

  #lane(name, isLast) {
    const { board } = this;
    const { events, shifts } = board;
    const series = laneOf(events, shifts, name);
    const unit = events.map((each) => each.signals.get(name)?.unit).find(Boolean) ?? "";
    const values = events.map((event) => element("b", { class: "wb-letter-value", "data-event": event.at }));
    const head = element("div", { class: "wb-lane-head" }, element("span", {}, unit ? `${name} ${unit}` : name), ...values);
    const place = element("div", { class: "wb-lane-plot", role: "img", "aria-label": `${name} ${unit}` });
    this.root.append(element("div", { class: "wb-lane" }, head, place));
    const plot = new uPlot(this.#options(place, isLast, name), joined(series), place);
    plot.over.addEventListener("click", (event) => plot.select.width <= 2 && board.seek(plot.posToVal(event.offsetX, "x")));
    plot.over.addEventListener("wheel", (event) => this.#wheel(plot, event), { passive: false });
    return { plot, place, name, series, values, height: isLast ? LANE_PX + 24 : LANE_PX };
  }

  #options(place, isLast, name) {
    const { board } = this;
    const style = (variable) => () => getComputedStyle(board.root).getPropertyValue(variable);
    const axis = { stroke: style("--wb-muted"), grid: { stroke: style("--wb-line"), width: 1 }, ticks: { show: false }, font: "11px ui-monospace, 'DejaVu Sans Mono', monospace" };
    const lines = board.events.map((event) => ({ stroke: () => board.colourOf(event), width: 1.6, dash: DASHES[event.at], spanGaps: false, points: { show: false } }));
    return {
      width: Math.max(place.clientWidth, 50), height: isLast ? LANE_PX + 24 : LANE_PX, padding: [8, 36, 8, 0], legend: { show: false },
      cursor: { sync: { key: "wb-aligned" }, y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      scales: { x: { time: false }, y: { range: (_, low, high) => paddedRange(low, high) } },
      axes: [
        { ...axis, show: isLast, size: 24, space: 90, values: (_, ticks) => ticks.map((tick) => signedClock(tick, digitsOf(ticks))) },
        { ...axis, size: 44, space: 24, values: (_, ticks) => ticks.map((tick) => this.valueText(tick)) },
      ],
      series: [{}, ...lines],
      hooks: {
        drawClear: [(plot) => this.#drawUnder(plot, name)],
        draw: [(plot) => this.#drawOver(plot)],
        setSelect: [(plot) => this.#selected(plot)],
      },
    };
  }

  // ---- the time that is shown

  setView(view) {
    this.view = view;
    this.plots.forEach(({ plot }) => plot.setScale("x", { min: view[0], max: view[1] }));
    this.showNow();
    this.board.showView(view);
  }

  zoom(factor, around = this.board.now) {
    const isInside = around >= this.view[0] && around <= this.view[1];
    this.setView(zoomedSpan(this.view, factor, isInside ? around : (this.view[0] + this.view[1]) / 2, this.whole));
  }

  pan(share) {
    this.setView(movedSpan(this.view, share * (this.view[1] - this.view[0]), this.whole));
  }

  #wheel(plot, event) {
    if (!event.ctrlKey && !event.shiftKey) return;
    event.preventDefault();
    if (event.shiftKey) this.pan(Math.sign(event.deltaX || event.deltaY) * 0.1);
    else this.zoom(event.deltaY < 0 ? 1.25 : 0.8, plot.posToVal(event.offsetX, "x"));
  }

  #selected(plot) {
    const { left, width } = plot.select;
    if (width <= 2) return;
    const span = [left, left + width].map((each) => plot.posToVal(each, "x"));
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.board.chooseSpan(span);
  }

  // ---- what lies under and over the lines

  showNow() {
    for (const { series, values, plot } of this.plots) {
      series.forEach((data, at) => {
        const value = valueAt(data, this.board.now);
        values[at].textContent = `${this.board.events[at].letter} ${value === null ? "–" : this.board.say.number(value, 1, 0)}`;
      });
      plot.redraw(false);
    }
  }

  repaint() {
    this.plots.forEach(({ plot }) => plot.redraw(false, true));
  }

  #drawUnder(plot, name) {
    const { board } = this;
    const { ctx, bbox } = plot;
    if (name !== board.signal || !board.limits || plot.scales.y.min == null) return;
    const [bottom, top] = board.limits.map((each) => Math.min(Math.max(plot.valToPos(each, "y", true), bbox.top), bbox.top + bbox.height));
    ctx.fillStyle = "rgba(95, 211, 141, 0.14)";
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  }

  #drawOver(plot) {
    const { board } = this;
    const { ctx, bbox } = plot;
    const x = (seconds) => Math.min(Math.max(plot.valToPos(seconds, "x", true), bbox.left), bbox.left + bbox.width);
    for (const span of board.drawnSpans()) {
      ctx.fillStyle = "rgba(76, 194, 255, 0.13)";
      ctx.fillRect(x(span[0]), bbox.top, x(span[1]) - x(span[0]), bbox.height);
    }
    const line = (seconds, colour, width, dash = []) => {
      if (seconds < plot.scales.x.min || seconds > plot.scales.x.max) return;
      Object.assign(ctx, { strokeStyle: colour, lineWidth: width * devicePixelRatio });
      ctx.setLineDash(dash.map((each) => each * devicePixelRatio));
      ctx.beginPath();
      ctx.moveTo(x(seconds), bbox.top);
      ctx.lineTo(x(seconds), bbox.top + bbox.height);
      ctx.stroke();
      ctx.setLineDash([]);
    };
    line(0, getComputedStyle(board.root).getPropertyValue("--wb-warn"), 1, [4, 3]);
    line(board.now, getComputedStyle(board.root).getPropertyValue("--wb-accent"), 2);
  }

  #resize() {
    for (const { plot, place, height } of this.plots) plot.setSize({ width: Math.max(place.clientWidth, 50), height });
  }

  close() {
    this.endTheme();
    this.observer.disconnect();
    this.plots.forEach(({ plot }) => plot.destroy());
  }
}

/** One table of times for all lines: a gap stays a gap, a time that only others have is none. */
function joined(series) {
  return uPlot.join(series.map(([xs, ys]) => [xs, ys]), series.map(() => [1, 2]));
}

function paddedRange(low, high) {
  if (low == null) return [0, 1];
  const pad = (high - low) * 0.08 || 1;
  return [low - pad, high + pad];
}
