// Under the picture: when each person is hidden, around the moment and in the whole event.
import { element, onTheme, trackColour } from "./dom.js";
import { clock } from "./model/frame_index.js";
import { isDone } from "./model/review.js";
import { boxesAt, trackIds } from "./model/tracks.js";

const LANE_PX = 14;
const MOST_LANES = 6;
const HEAD_PX = 34;
const LEFT_PX = 84;
/** Where no more than two times fit beside each other. */
const NARROW_PX = 440;
/** Around the moment, in seconds. */
const WINDOW_SECONDS = 8;
/** So many times of the window are looked at. */
const STEPS = 240;

export class TrackLanes {
  constructor(review) {
    this.review = review;
    this.canvas = element("canvas", { role: "img", "aria-label": review.say("lanes"), onclick: (event) => this.#clicked(event) });
    this.root = element("div", { class: "wb-track-lanes" }, this.canvas);
    this.observer = new ResizeObserver(() => this.#measured());
    this.observer.observe(this.root);
    this.endTheme = onTheme(() => this.paint());
  }

  /** Share the axis of time with the signals under the lanes. */
  follow(timeline) {
    this.timeline = timeline;
    timeline.onView = () => this.#measured();
  }

  /** To ask for these while one paints would lay the page out again. */
  #measured() {
    Object.assign(this, { width: this.root.clientWidth, signalEdges: null });
    this.paint();
    // a plot that was given another size takes it afterwards
    cancelAnimationFrame(this.later);
    this.later = requestAnimationFrame(() => {
      this.signalEdges = null;
      this.paint();
    });
  }

  /** Where the span begins and ends, in pixels of the canvas. */
  get edges() {
    this.signalEdges ??= this.timeline?.edgesIn(this.canvas);
    return this.signalEdges ?? [LEFT_PX, this.width];
  }

  get index() {
    return this.review.player.index;
  }

  /** The span that is shown in detail: that of the signals, where there are some. */
  get span() {
    return this.timeline?.span ?? this.momentSpan;
  }

  /** The chosen moment, and what is around it. */
  get momentSpan() {
    const end = Math.max(this.index.endSeconds, 0.1);
    const { chosen } = this.review;
    const [from, to] = chosen ? [chosen.moment.start_seconds, chosen.moment.stop_seconds] : [0, end];
    const middle = (from + to) / 2;
    const half = Math.max(WINDOW_SECONDS / 2, (to - from) / 2 + 1);
    const start = Math.max(0, Math.min(middle - half, end - 2 * half));
    return [start, Math.min(end, start + 2 * half)];
  }

  paint() {
    if (!this.review.editor?.history || !this.index.length || !this.width) return;
    const rows = this.#runs();
    const height = HEAD_PX + Math.max(rows.length, 1) * (LANE_PX + 3) + 4;
    const ratio = devicePixelRatio || 1;
    const { width } = this;
    this.canvas.style.height = `${height}px`;
    Object.assign(this.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    this.style = getComputedStyle(this.review.root);
    this.#overview(context);
    this.#detail(context, rows);
  }

  #colour(name) {
    return this.style.getPropertyValue(`--wb-${name}`);
  }

  /** The whole event: every moment, and where the detail is. */
  #overview(context) {
    const end = this.index.endSeconds;
    const [left, right] = this.edges;
    const x = (seconds) => left + ((right - left) * Math.min(Math.max(seconds, 0), end)) / end;
    context.fillStyle = this.#colour("raised");
    context.fillRect(left, 2, right - left, 8);
    const [from, to] = this.span;
    context.fillStyle = this.#colour("line");
    context.fillRect(x(from), 0, Math.max(x(to) - x(from), 3), 12);
    for (const each of this.review.moments) {
      const chosen = each.moment.moment_id === this.review.current;
      context.fillStyle = chosen ? this.#colour("accent") : isDone(each) ? this.#colour("ok") : this.#colour(each.moment.is_spot_check ? "muted" : "danger");
      context.fillRect(x(each.moment.start_seconds), chosen ? 0 : 3, Math.max(3, x(each.moment.stop_seconds) - x(each.moment.start_seconds)), chosen ? 12 : 6);
    }
    context.fillStyle = this.#colour("muted");
    context.font = "12px system-ui, sans-serif";
    context.fillText(this.review.say("wholeEvent"), 0, 11);
  }

  #detail(context, rows) {
    const [from, to] = this.span;
    const [left, right] = this.edges;
    const x = (seconds) => left + ((right - left) * (Math.min(Math.max(seconds, from), to) - from)) / (to - from);
    context.font = "11px ui-monospace, 'DejaVu Sans Mono', monospace";
    context.fillStyle = this.#colour("muted");
    const last = right - left < NARROW_PX ? 1 : 4;
    for (let tick = 0; tick <= last; tick++) {
      const at = from + ((to - from) * tick) / last;
      context.textAlign = tick === 0 ? "left" : tick === last ? "right" : "center";
      context.fillText(clock(at, 1), x(at), 28);
    }
    context.textAlign = "left";
    const { chosen } = this.review;
    if (chosen) {
      context.fillStyle = "#ff7a7026";
      context.fillRect(x(chosen.moment.start_seconds), HEAD_PX - 2, x(chosen.moment.stop_seconds) - x(chosen.moment.start_seconds), 400);
    }
    rows.forEach(({ track, runs }, at) => {
      const top = HEAD_PX + at * (LANE_PX + 3);
      context.fillStyle = this.#colour("raised");
      context.fillRect(left, top, right - left, LANE_PX);
      context.fillStyle = trackColour(track);
      for (const [first, last] of runs) context.fillRect(x(first), top, Math.max(2, x(last) - x(first)), LANE_PX);
      context.fillStyle = this.#colour("text");
      context.font = "12px system-ui, sans-serif";
      context.fillText(this.review.say("track", { id: track }), 0, top + 11);
    });
    const now = this.review.model.get("seconds");
    context.fillStyle = this.#colour("accent");
    if (now >= from && now <= to) context.fillRect(x(now) - 1, HEAD_PX - 4, 2, 400);
  }

  /** Track -> the times in the window at which it is hidden. */
  #runs() {
    const { editor } = this.review;
    const [from, to] = this.span;
    const step = (to - from) / STEPS;
    const found = new Map();
    for (let at = 0; at < STEPS; at++) {
      const seconds = from + at * step;
      // signals may begin before the video, and end after it
      if (seconds < 0 || seconds >= this.index.endSeconds) continue;
      for (const { track } of boxesAt(editor.document, editor.table, this.index.frameAt(seconds))) {
        const runs = found.get(track) ?? [];
        const last = runs.at(-1);
        if (last && seconds - last[1] < step * 1.01) last[1] = seconds + step;
        else runs.push([seconds, seconds + step]);
        found.set(track, runs);
      }
    }
    const known = new Set(trackIds(editor.document, editor.found));
    const all = [...found].filter(([track]) => known.has(track)).sort(([a], [b]) => a - b);
    // the one that is worked on is among those for which there is room
    const place = all.findIndex(([track]) => track === editor.selected);
    const shown = place < MOST_LANES ? all.slice(0, MOST_LANES) : [...all.slice(0, MOST_LANES - 1), all[place]];
    return shown.map(([track, runs]) => ({ track, runs }));
  }

  #clicked({ offsetX, offsetY }) {
    const [left, right] = this.edges;
    const share = (offsetX - left) / (right - left);
    if (share < 0 || share > 1) return;
    const [from, to] = offsetY < 14 ? [0, this.index.endSeconds] : this.span;
    this.review.player.show(this.index.frameAt(from + share * (to - from)));
  }

  close() {
    this.endTheme();
    this.observer.disconnect();
    cancelAnimationFrame(this.later);
  }
}
