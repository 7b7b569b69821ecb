// Events side by side: what of them lies when, counted from a marker of each.
import { clock, copied, FrameIndex } from "./frame_index.js";
import { unpack, withGaps } from "./signals.js";

/** Where each event begins is second 0, unless a marker is. */
export const FROM_START = "";
const LETTERS = "ABCDEFGH";

/** Events as the page needs them, from what the program sent. */
export function unpackEvents(events, samples, frames) {
  const all = unpack(samples, events.flatMap((each) => each.signals));
  const times = new Float64Array(copied(frames));
  let signal = 0;
  let frame = 0;
  return events.map((event, at) => {
    const signals = new Map(event.signals.map(({ name, unit }) => [name, { name, unit, data: all[signal++] }]));
    const own = times.slice(frame, frame + event.frames);
    frame += event.frames;
    return { ...event, at, letter: LETTERS[at], signals, index: new FrameIndex(own, event.end_seconds) };
  });
}

/** Kinds of markers that some event has, in the order of their times, and how many have each. */
export function markerKinds(events) {
  const found = new Map();
  for (const { markers } of events) {
    for (const kind of new Set(markers.map((each) => each.kind))) found.set(kind, (found.get(kind) ?? 0) + 1);
  }
  const first = (kind) => Math.min(...events.flatMap(({ markers }) => markers.filter((each) => each.kind === kind).map((each) => each.start_seconds)));
  return [...found].map(([kind, count]) => ({ kind, count })).sort((a, b) => first(a.kind) - first(b.kind));
}

/** When the first marker of a kind begins in an event; null where it has none. */
export function markerSeconds({ markers }, kind) {
  if (kind === FROM_START) return 0;
  const starts = markers.filter((each) => each.kind === kind).map((each) => each.start_seconds);
  return starts.length ? Math.min(...starts) : null;
}

/** How much later than second 0 of the page each event's own second 0 is; null: it cannot be aligned. */
export function shiftsOf(events, kind) {
  return events.map((event) => markerSeconds(event, kind));
}

/** Where each event is measured, in its own seconds; null where it lacks what bounds the span. */
export function spansOf(events, shifts, wanted) {
  return events.map((event, at) => {
    if (wanted.between) {
      const [start, stop] = wanted.between.map((kind) => markerSeconds(event, kind));
      return start !== null && stop !== null && start < stop ? [start, stop] : null;
    }
    return shifts[at] === null ? null : wanted.span.map((each) => each + shifts[at]);
  });
}

/** From when until when there is something to see, counted from the marker. */
export function extentOf(events, shifts) {
  const times = events.flatMap((event, at) => {
    if (shifts[at] === null) return [];
    const ends = [...event.signals.values()].flatMap(({ data: [xs] }) => (xs.length ? [xs[0], xs.at(-1)] : []));
    const video = event.frames ? [event.offset_seconds, event.offset_seconds + event.end_seconds] : [];
    return [...ends, ...video].map((each) => each - shifts[at]);
  });
  return times.length ? [Math.min(...times), Math.max(...times, Math.min(...times) + 1)] : [0, 1];
}

/** Names of signals of all events: BIS first, because a page of anaesthesia is read by it. */
export function signalNames(events) {
  const names = [...new Set(events.flatMap(({ signals }) => [...signals.keys()]))];
  return names.sort((a, b) => (b === "bis") - (a === "bis"));
}

/** Times and values of a signal of each event, counted from the marker; no line crosses a gap. */
export function laneOf(events, shifts, name) {
  return events.map((event, at) => {
    const signal = event.signals.get(name);
    if (!signal || shifts[at] === null) return [[], []];
    const [xs, ys] = withGaps(...signal.data);
    return [xs.map((each) => each - shifts[at]), ys];
  });
}

/** −00:01:30 before the marker, 00:01:30 after it. */
export function signedClock(seconds, digits = 0) {
  const text = clock(Math.abs(seconds), digits);
  return seconds < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** Digits that tell ticks apart. */
export function digitsOf(ticks) {
  return ticks.length > 1 && ticks[1] - ticks[0] < 1 ? 1 : 0;
}

const cell = (value) => {
  const text = value === null || value === undefined || Number.isNaN(value) ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export function csvOf(names, rows) {
  return [names, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

const rounded = (value, digits = 4) => Math.round(value * 10 ** digits) / 10 ** digits;

/** The signals as they are drawn. */
export function signalsCsv(events, shifts, align) {
  const rows = events.flatMap((event, at) =>
    shifts[at] === null ? [] : [...event.signals.values()].flatMap(({ name, unit, data: [xs, ys] }) =>
      Array.from(xs, (seconds, place) => [event.event_id, name, unit, rounded(seconds - shifts[at]), ys[place]]),
    ),
  );
  return csvOf(["event", "signal", "unit", `seconds_from_${align || "start"}`, "value"], rows);
}

/** Of a range: of a signal for which none is asked for they are left empty. */
const IN_RANGE = ["below_seconds", "inside_seconds", "above_seconds"];
export const MEASURES = ["mean", "min", "max", "below_seconds", "inside_seconds", "above_seconds", "unknown_seconds"];

/** What was measured: a row for each event and signal; the range is of one signal alone. */
export function measuresCsv(events, rows, signal, limits) {
  const found = rows.flatMap((row, at) => Object.entries(row?.signals ?? {}).map(([name, measure]) => {
    const own = name === signal ? limits : null;
    const valueOf = (each) => (measure[each] === null || (!own && IN_RANGE.includes(each)) ? null : rounded(measure[each]));
    return [events[at].event_id, name, rounded(row.span[0]), rounded(row.span[1]), ...(own ?? [null, null]), ...MEASURES.map(valueOf)];
  }));
  return csvOf(["event", "signal", "start_seconds", "stop_seconds", "low", "high", ...MEASURES], found);
}

/** The markers of all events: own seconds, and seconds from the marker of second 0. */
export function markersCsv(events, shifts) {
  const rows = events.flatMap((event, at) => event.markers.map(({ kind, start_seconds: start, stop_seconds: stop }) => [
    event.event_id, kind, start, stop, shifts[at] === null ? null : rounded(start - shifts[at]),
  ]));
  return csvOf(["event", "marker", "start_seconds", "stop_seconds", "aligned_seconds"], rows);
}
