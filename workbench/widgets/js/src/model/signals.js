// Signals as the timeline draws them.
import { copied } from "./frame_index.js";

/** A silence of so many usual steps between two samples is a gap. */
const GAP_STEPS = 3;

/** Split the bytes of all signals: times and values of each, one after the other. */
export function unpack(view, signals) {
  const numbers = new Float64Array(copied(view));
  let at = 0;
  return signals.map(({ samples }) => {
    const seconds = numbers.subarray(at, at + samples);
    const values = numbers.subarray(at + samples, at + 2 * samples);
    at += 2 * samples;
    return [seconds, values];
  });
}

/** The usual time between two samples. */
export function usualStep(seconds) {
  const steps = [];
  for (let at = 1; at < seconds.length; at++) steps.push(seconds[at] - seconds[at - 1]);
  steps.sort((a, b) => a - b);
  return steps[steps.length >> 1] ?? Infinity;
}

/** Times and values with null where nothing was measured, so that no line crosses a gap. */
export function withGaps(seconds, values) {
  const longest = GAP_STEPS * usualStep(seconds);
  const xs = [];
  const ys = [];
  for (let at = 0; at < seconds.length; at++) {
    if (at && seconds[at] - seconds[at - 1] > longest) {
      xs.push((seconds[at] + seconds[at - 1]) / 2);
      ys.push(null);
    }
    xs.push(seconds[at]);
    ys.push(Number.isNaN(values[at]) ? null : values[at]);
  }
  return [xs, ys];
}

/** The last value at or before a time; null in a gap or before the first. */
export function valueAt([xs, ys], seconds) {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= seconds) low = middle + 1;
    else high = middle;
  }
  return low ? ys[low - 1] : null;
}

/** A span that is zoomed around a time and stays inside the whole. */
export function zoomedSpan([start, stop], factor, around, [first, last]) {
  const length = Math.min(Math.max((stop - start) / factor, 0.5), last - first);
  const share = (around - start) / (stop - start);
  return insideSpan(around - share * length, length, [first, last]);
}

export function movedSpan([start, stop], by, whole) {
  return insideSpan(start + by, stop - start, whole);
}

function insideSpan(start, length, [first, last]) {
  const begin = Math.min(Math.max(start, first), last - length);
  return [begin, begin + length];
}
