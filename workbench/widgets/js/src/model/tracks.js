// What a person changed. A document is never altered: every function returns another one.
//
// A track has parts of a person's own (keyframes, linear between them) and spans in which what the
// program found of it is lifted; in all other frames the program's boxes hold.
import { NO_ROWS } from "./box_table.js";
import { boxBetween, runs, simplified } from "./geometry.js";

/** A box set this close to a keyframe of its track joins it, and the frames between follow. */
export const JOIN_FRAMES = 50;

/** The program's rows by track; `free` is the first number that no track has. */
export function automatic(table) {
  const tracks = table.byTrack();
  return { tracks, free: Math.max(-1, ...tracks.keys()) + 1 };
}

export function emptyDocument(found) {
  return { next: found.free, keys: 0, tracks: {}, zones: [] };
}

const EMPTY = { parts: [], lifted: [] };
const first = (part) => part.keyframes[0].frame;
const last = (part) => part.keyframes.at(-1).frame;
const byFrame = (a, b) => a.frame - b.frame;

export function trackOf(document, track) {
  return document.tracks[track] ?? EMPTY;
}

/** A key that no other correction of the document has; `who` makes it differ from other people's. */
function withKey(document) {
  return [{ ...document, keys: document.keys + 1 }, document.keys + 1];
}

function withTrack(document, track, change) {
  return { ...document, tracks: { ...document.tracks, [track]: { ...trackOf(document, track), ...change } } };
}

function isLifted({ lifted }, frame) {
  return lifted.some((span) => span.first <= frame && frame <= span.last);
}

function rowsOf(found, track) {
  return found.tracks.get(track) ?? NO_ROWS;
}

/** The program's rows of a track that still hold, from a frame on. */
function held(document, found, track, since = -Infinity) {
  const edited = trackOf(document, track);
  return rowsOf(found, track).within(since, Infinity).filter((row) => !isLifted(edited, row.frame));
}

/** Every box of a frame: the program's that hold, then the person's. */
export function boxesAt(document, table, frame) {
  const boxes = table.at(frame).filter((row) => !isLifted(trackOf(document, row.track), frame) && !inZone(document, row, frame));
  for (const [id, { parts }] of Object.entries(document.tracks)) {
    for (const part of parts) {
      const box = boxBetween(part.keyframes, frame);
      if (!box) continue;
      const before = part.keyframes.findLast((each) => each.frame <= frame);
      const row = { frame, track: Number(id), box, score: Number.NaN, origin: "corrected" };
      boxes.push({ ...row, keyframe: before.frame === frame, occluded: Boolean(before.occluded) });
    }
  }
  return boxes;
}

function inZone({ zones }, { box }, frame) {
  const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  return zones.some((zone) => zone.first <= frame && frame <= zone.last && zone.box[0] <= x && x < zone.box[2] && zone.box[1] <= y && y < zone.box[3]);
}

export function boxOf(document, table, track, frame) {
  return boxesAt(document, table, frame).findLast((each) => each.track === track) ?? null;
}

/** The frame of a track's first row that still holds, and of the last: it may have a hundred thousand. */
function endsHeld(document, found, track) {
  const rows = rowsOf(found, track);
  const lifted = trackOf(document, track).lifted.toSorted((a, b) => a.first - b.first);
  let [low, high] = [0, rows.length - 1];
  for (const span of lifted) {
    if (low <= high && rows.frame(low) >= span.first && rows.frame(low) <= span.last) low = rows.from(span.last + 1);
  }
  for (const span of lifted.toReversed()) {
    if (low <= high && rows.frame(high) >= span.first && rows.frame(high) <= span.last) high = rows.from(span.first) - 1;
  }
  return low <= high ? [rows.frame(low), rows.frame(high)] : [];
}

/** Of what the program found: track -> what was changed of it, and its life then. */
const lives = new WeakMap();

/** Frames of a track from its first to its last box; null when nothing is left of it. */
export function life(document, found, track) {
  if (!lives.has(found)) lives.set(found, new Map());
  const known = lives.get(found);
  const changed = document.tracks[track];
  const before = known.get(track);
  if (before && before.changed === changed) return before.span;
  const { parts } = trackOf(document, track);
  const frames = [...endsHeld(document, found, track), ...parts.flatMap((part) => [first(part), last(part)])];
  const span = frames.length ? [Math.min(...frames), Math.max(...frames)] : null;
  known.set(track, { changed, span });
  return span;
}

/** Every track that has a box somewhere, by its number. */
export function trackIds(document, found) {
  const ids = new Set([...found.tracks.keys(), ...Object.keys(document.tracks).map(Number)]);
  return [...ids].filter((id) => id >= 0 && life(document, found, id)).sort((a, b) => a - b);
}

/** Lift what the program found of a track in a span; spans that touch become one. */
export function lift(document, found, track, from, to) {
  const rows = rowsOf(found, track);
  const [low, high] = [rows.from(from), rows.from(to + 1) - 1];
  if (low > high) return document;
  let span = { first: rows.frame(low), last: rows.frame(high) };
  const apart = [];
  for (const each of trackOf(document, track).lifted) {
    if (each.last < span.first - 1 || each.first > span.last + 1) apart.push(each);
    else span = { first: Math.min(each.first, span.first), last: Math.max(each.last, span.last), key: span.key ?? each.key };
  }
  const [counted, key] = withKey(document);
  const lifted = [...apart, { ...span, key: span.key ?? key }].sort((a, b) => a.first - b.first);
  return withTrack(counted, track, { lifted });
}

/** Let what the program found hold again in a span. */
function unlift(document, track, from, to) {
  if (to < from) return document;
  let counted = document;
  const lifted = [];
  for (const span of trackOf(document, track).lifted) {
    if (span.last < from || span.first > to) lifted.push(span);
    else {
      if (span.first < from) lifted.push({ key: span.key, first: span.first, last: from - 1 });
      if (span.last > to) {
        const [more, key] = withKey(counted);
        counted = more;
        lifted.push({ key, first: to + 1, last: span.last });
      }
    }
  }
  return withTrack(counted, track, { lifted });
}

/** Add a part to a track, or replace it, and change nothing that the program found. */
function putPart(document, track, keyframes, old = undefined) {
  const [counted, fresh] = withKey(document);
  const others = trackOf(document, track).parts.filter((each) => each !== old);
  const parts = [...others, { key: fresh, ...old, keyframes }].sort((a, b) => first(a) - first(b));
  return withTrack(counted, track, { parts });
}

/** The same, and lift the program's boxes in the frames that the part has not had before. */
function withPart(document, found, track, keyframes, old = undefined) {
  const part = { keyframes };
  const changed = putPart(document, track, keyframes, old);
  if (!old) return lift(changed, found, track, first(part), last(part));
  const before = lift(changed, found, track, first(part), first(old) - 1);
  return lift(before, found, track, last(old) + 1, last(part));
}

export function addTrack(document, found, frame, box) {
  const track = document.next;
  return [withPart({ ...document, next: track + 1 }, found, track, [{ frame, box }]), track];
}

/** The part that a frame belongs to: the one around it, else the nearest that may be joined. */
function partNear(document, track, frame) {
  const distance = (part) => Math.max(first(part) - frame, frame - last(part), 0);
  const isClosed = (part) => part.ended && frame > last(part);
  const near = trackOf(document, track).parts.filter((part) => distance(part) <= JOIN_FRAMES && !isClosed(part));
  return near.sort((a, b) => distance(a) - distance(b))[0];
}

/** Set the box of a track in a frame; it becomes a keyframe. */
export function setBox(document, found, track, frame, box) {
  const part = partNear(document, track, frame);
  const before = part?.keyframes.find((each) => each.frame === frame);
  const others = part?.keyframes.filter((each) => each.frame !== frame) ?? [];
  return withPart(document, found, track, [...others, { ...before, frame, box }].sort(byFrame), part);
}

/** Make a frame a keyframe, or take that from it; a part's only keyframe stays. */
export function toggleKeyframe(document, table, found, track, frame) {
  const part = partNear(document, track, frame);
  const rest = part?.keyframes.filter((each) => each.frame !== frame) ?? [];
  if (part && rest.length < part.keyframes.length) {
    if (!rest.length) return document;
    // where the part no longer reaches, the program's boxes hold again
    const shorter = putPart(document, track, rest, part);
    const before = unlift(shorter, track, first(part), rest[0].frame - 1);
    return unlift(before, track, rest.at(-1).frame + 1, last(part));
  }
  const shown = boxOf(document, table, track, frame);
  return shown ? setBox(document, found, track, frame, shown.box) : document;
}

export function toggleOccluded(document, table, found, track, frame) {
  const shown = boxOf(document, table, track, frame);
  if (!shown) return document;
  const set = setBox(document, found, track, frame, shown.box);
  const part = partNear(set, track, frame);
  const keyframes = part.keyframes.map((each) => (each.frame === frame ? { ...each, occluded: !shown.occluded } : each));
  return withPart(set, found, track, keyframes, part);
}

/** End a track before a frame: its part there is cut, and the program's run from there lifted. */
export function outside(document, found, track, frame) {
  const ends = (part) => {
    const before = cut(part, frame)[0];
    return before ? [{ ...before, ended: true }] : [];
  };
  const parts = trackOf(document, track).parts.flatMap((part) => (last(part) < frame || first(part) > frame ? [part] : ends(part)));
  const run = runs(held(document, found, track)).find((rows) => rows[0].frame <= frame && frame <= rows.at(-1).frame);
  const ended = withTrack(document, track, { parts });
  return run ? lift(ended, found, track, frame, run.at(-1).frame) : ended;
}

/** A part before a frame and from it on; a side without frames is undefined. */
function cut(part, frame) {
  const side = (keyframes, edge) => {
    if (edge < first(part) || edge > last(part)) return undefined;
    const whole = keyframes.some((each) => each.frame === edge) ? keyframes : [...keyframes, { frame: edge, box: boxBetween(part.keyframes, edge) }];
    return { ...part, keyframes: [...whole].sort(byFrame) };
  };
  return [
    side(part.keyframes.filter((each) => each.frame < frame), frame - 1),
    side(part.keyframes.filter((each) => each.frame >= frame), frame),
  ];
}

export function removeTrack(document, found, track) {
  return lift(withTrack(document, track, { parts: [] }), found, track, -Infinity, Infinity);
}

/** Hold the box of a frame for so many frames more. */
export function propagate(document, table, found, track, frame, count, frames) {
  const shown = boxOf(document, table, track, frame);
  const stop = Math.min(frame + count, frames - 1);
  if (!shown || stop <= frame) return document;
  const part = partNear(document, track, frame);
  const kept = (part?.keyframes ?? []).filter((each) => each.frame < frame || each.frame > stop);
  const keyframes = [...kept, { frame, box: shown.box }, { frame: stop, box: shown.box }].sort(byFrame);
  return withPart(document, found, track, keyframes, part);
}

/** A new track with one box in a span of frames. */
export function addSpan(document, table, found, from, to, box) {
  const [added, track] = addTrack(document, found, from, box);
  return [propagate(added, table, found, track, from, to - from, to + 1), track];
}

/** What is left of the program's rows of a track, as parts of another track. */
function adopt(document, found, from, into, since) {
  let adopted = document;
  for (const run of runs(held(document, found, from, since))) {
    // two faces in one frame stay two, whatever their number
    adopted = putPart(adopted, into, simplified(run));
  }
  return lift(adopted, found, from, since, Infinity);
}

/** Give a track another number from a frame on. */
export function split(document, found, track, frame) {
  const span = life(document, found, track);
  if (!span || frame <= span[0] || frame > span[1]) return [document, track];
  const other = document.next;
  let changed = { ...document, next: other + 1 };
  const [early, late] = [[], []];
  for (const part of trackOf(document, track).parts) {
    const [before, after] = last(part) < frame ? [part] : first(part) >= frame ? [undefined, part] : cut(part, frame);
    if (before) early.push(before);
    if (after) late.push(after);
  }
  changed = withTrack(changed, track, { parts: early });
  for (const part of late) changed = putPart(changed, other, part.keyframes);
  return [adopt(changed, found, track, other, frame), other];
}

/** Make two tracks one. */
export function merge(document, found, from, into) {
  if (from === into) return document;
  let changed = document;
  for (const part of trackOf(document, from).parts) changed = putPart(changed, into, part.keyframes);
  return adopt(withTrack(changed, from, { parts: [] }), found, from, into, -Infinity);
}

export function addZone(document, box, frames) {
  const [counted, key] = withKey(document);
  return { ...counted, zones: [...document.zones, { key, box, first: 0, last: frames - 1 }] };
}

export function removeZone(document, key) {
  return { ...document, zones: document.zones.filter((zone) => zone.key !== key) };
}

/** Frames with a keyframe of a track, in order. */
export function keyframesOf(document, track) {
  return trackOf(document, track).parts.flatMap((part) => part.keyframes.map((each) => each.frame)).sort((a, b) => a - b);
}
