// What people changed in the same corrections, by what these say: one and the same has other numbers
// on a page than in the archive.

const contentOf = ({ action, track, keyframes }) =>
  JSON.stringify([action, track, keyframes.map((each) => [each.frame_index, each.box_xyxy_px, each.note ?? ""])]);

/** What lies between two lists of corrections. */
export function changesBetween(before, after) {
  const [old, now] = [before, after].map((rows) => new Set(rows.map(contentOf)));
  return {
    added: after.filter((each) => !old.has(contentOf(each))),
    dropped: before.filter((each) => !now.has(contentOf(each))),
  };
}

/** Corrections with changes that were made to others: where two changed the same one, both are kept. */
export function withChanges(rows, { added, dropped }) {
  const gone = new Set(dropped.map(contentOf));
  const kept = rows.filter((each) => !gone.has(contentOf(each)));
  const known = new Set(kept.map(contentOf));
  return [...kept, ...added.filter((each) => !known.has(contentOf(each)))];
}

/** Whether two people put something else in the place of the same correction. */
export function isChangedTwice(mine, theirs) {
  if (!mine.added.length || !theirs.added.length) return false;
  const gone = new Set(mine.dropped.map(contentOf));
  return theirs.dropped.some((each) => gone.has(contentOf(each)));
}

/** What a person changed, with new people numbered after those whom others added under the same numbers. */
export function afterTheirs(mine, known, theirs, free) {
  const before = new Set(known.map((each) => each.track));
  const isNew = ({ track }) => track >= free && !before.has(track);
  const said = new Set(theirs.map(contentOf));
  const taken = theirs.filter((each) => isNew(each)).map((each) => each.track);
  if (!taken.length) return mine;
  const from = Math.min(...taken);
  const shift = Math.max(...taken) - from + 1;
  const isMoved = (each) => isNew(each) && each.track >= from && !said.has(contentOf(each));
  return { ...mine, added: mine.added.map((each) => (isMoved(each) ? { ...each, track: each.track + shift } : each)) };
}
