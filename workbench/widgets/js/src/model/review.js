// What a review knows without a page: which moment is next, what is left, what a correction means.

import { clock } from "./frame_index.js";
import { boxBetween } from "./geometry.js";
import { changesBetween } from "./merging.js";

/** Seconds that a decision waits for its answer before the connection counts as gone. */
export const PATIENCE_SECONDS = 8;

export const isOpen = (each) => each.state === "open";
export const isFlagged = (each) => each.state === "flagged";
export const isDone = (each) => !isOpen(each) && !isFlagged(each);

/** The moments with what was decided on this page and not answered yet. */
export function withPending(moments, pending) {
  return moments.map((each) => {
    const own = pending.get(each.moment.moment_id);
    return own ? { ...each, state: own.verdict, note: own.note, isPending: true } : each;
  });
}

/** The moment to look at after one: the next open one in the order of the queue, around its end. */
export function nextOpen(moments, id, wanted = isOpen) {
  const at = moments.findIndex((each) => each.moment.moment_id === id);
  const around = [...moments.slice(at + 1), ...moments.slice(0, at + 1)];
  return around.find((each) => wanted(each) && each.moment.moment_id !== id)?.moment.moment_id ?? null;
}

/** The moment before or after one in the queue, whatever its state. */
export function neighbour(moments, id, by) {
  const at = moments.findIndex((each) => each.moment.moment_id === id);
  if (at < 0) return moments[0]?.moment.moment_id ?? null;
  return moments[Math.min(Math.max(at + by, 0), moments.length - 1)]?.moment.moment_id ?? null;
}

/** When a moment begins: the second in which it is found, not the nearest. */
export function startOf({ start_seconds: start }) {
  return clock(Math.floor(Math.round(start * 1000) / 1000), 0);
}

/** A time that is not nothing, however short. */
export function lasting(seconds, say) {
  return `${say.number(Math.max(seconds, 0.1), 1)} s`;
}

/** Counts, and how long the rest takes. */
export function progressOf(moments) {
  const open = moments.filter(isOpen);
  const seconds = open.reduce((sum, each) => sum + each.moment.expected_seconds, 0);
  return {
    all: moments.length,
    left: open.length,
    flagged: moments.filter(isFlagged).length,
    done: moments.filter(isDone).length,
    minutes: Math.ceil(seconds / 60),
  };
}

const overlaps = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
const areaOf = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);
/** A region of so much of the view names no place in it. */
const WHOLE_SHARE = 0.9;

/** The boxes that a correction has in the frames of a moment. */
function boxesWithin({ action, keyframes }, { first_frame: first, stop_frame: stop }) {
  if (action !== "add") return [];
  const written = keyframes.map((each) => ({ frame: each.frame_index, box: each.box_xyxy_px }));
  const from = Math.max(written[0].frame, first);
  const count = Math.min(written.at(-1).frame, stop - 1) - from + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, at) => boxBetween(written, from + at));
}

/**
 * Whether a person hid something at the time and place of a moment. In one of the whole view, as a
 * spot check, what was drawn for another moment lies by chance: there only what was drawn for it counts.
 * @param {{x: number, y: number, w: number, h: number}} view in which faces were searched, pixels of the frame
 * @param {Set<string>} drawnFor ids of the corrections that were made while the moment was open
 */
export function isCorrected(moment, corrections, view, drawnFor) {
  const { region_xyxy_px: region } = moment;
  const isWhole = areaOf(region) >= WHOLE_SHARE * view.w * view.h;
  return corrections.some((each) => (!isWhole || drawnFor.has(each.correction_id)) && boxesWithin(each, moment).some((box) => overlaps(box, region)));
}

/** What the filled button says of an open moment, and what a person may say instead; null: nothing. */
export function verdictsOf(moment, corrections, view, drawnFor) {
  if (isCorrected(moment, corrections, view, drawnFor)) return ["corrected", "accept"];
  return ["accept", corrections.some((each) => boxesWithin(each, moment).length) ? "corrected" : null];
}

/** Which corrections were made while which moment was open. */
export class Drawn {
  constructor() {
    this.ids = new Map();
  }

  note(id, before, after) {
    this.ids.set(id, new Set([...this.for(id), ...changesBetween(before, after).added.map((each) => each.correction_id)]));
  }

  for(id) {
    return this.ids.get(id) ?? new Set();
  }
}

/** The one thing to do now: what the filled button says. */
export function mainAction({ moments, job, notRendered, isReleased, isLoading = false, hasSigned = false, isSigning = false }) {
  const { left, flagged, all } = progressOf(moments);
  if (isReleased) return "released";
  if (isSigning) return "signing";
  if (job.state === "full") return "full";
  if (job.kind && job.state !== "failed") return job.kind === "rank" ? "ranking" : "rendering";
  if (isLoading) return "loading";
  if (left) return "accept";
  if (notRendered) return "rerender";
  if (flagged) return "nextFlagged";
  if (all && hasSigned) return "signedOnce";
  return all ? "signOff" : "ranking";
}
