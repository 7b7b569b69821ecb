// What a review knows without a page: which moment is next, what is left, what a correction means.

import { clock } from "./frame_index.js";

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
export function lasting(seconds) {
  return `${Math.max(seconds, 0.1).toFixed(1)} s`;
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

/** Whether a person hid something at the time and place of a moment. */
export function isCorrected(moment, corrections) {
  return corrections.some(({ action, keyframes }) => {
    const frames = keyframes.map((each) => each.frame_index);
    const isThen = frames[0] < moment.stop_frame && frames.at(-1) >= moment.first_frame;
    return action === "add" && isThen && keyframes.some((each) => overlaps(each.box_xyxy_px, moment.region_xyxy_px));
  });
}

/** The one thing to do now: what the filled button says. */
export function mainAction({ moments, job, notRendered, isReleased, hasSigned = false }) {
  const { left, flagged, all } = progressOf(moments);
  if (isReleased) return "released";
  if (job.state === "full") return "full";
  if (job.kind && job.state !== "failed") return job.kind === "rank" ? "ranking" : "rendering";
  if (left) return "accept";
  if (notRendered) return "rerender";
  if (flagged) return "nextFlagged";
  if (all && hasSigned) return "signedOnce";
  return all ? "signOff" : "ranking";
}
