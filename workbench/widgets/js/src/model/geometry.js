// Boxes (x0, y0, x1, y1 in pixels of the frame) and what lies between two of them.

export function mixed(from, to, share) {
  return from.map((value, at) => value + (to[at] - value) * share);
}

/** The box of keyframes at a frame: linear between them; null before the first, after the last. */
export function boxBetween(keyframes, frame) {
  const at = keyframes.findIndex((each) => each.frame >= frame);
  if (at < 0 || (at === 0 && keyframes[0].frame > frame)) return null;
  const next = keyframes[at];
  if (next.frame === frame) return next.box;
  const before = keyframes[at - 1];
  return mixed(before.box, next.box, (frame - before.frame) / (next.frame - before.frame));
}

/** The fewest keyframes between which every row's box lies within a tolerance. */
export function simplified(rows, tolerancePx = 0.5) {
  if (rows.length < 3) return rows.map(({ frame, box }) => ({ frame, box }));
  const [first, last] = [rows[0], rows.at(-1)];
  let worst = 0;
  let where = 0;
  for (let at = 1; at < rows.length - 1; at++) {
    const expected = mixed(first.box, last.box, (rows[at].frame - first.frame) / (last.frame - first.frame));
    const error = Math.max(...expected.map((value, side) => Math.abs(value - rows[at].box[side])));
    if (error > worst) [worst, where] = [error, at];
  }
  if (worst <= tolerancePx) return [first, last].map(({ frame, box }) => ({ frame, box }));
  return [...simplified(rows.slice(0, where + 1), tolerancePx), ...simplified(rows.slice(where), tolerancePx).slice(1)];
}

/** Rows in runs of frames without a hole. */
export function runs(rows) {
  const found = [];
  for (const row of rows) {
    const run = found.at(-1);
    if (run && row.frame - run.at(-1).frame === 1) run.push(row);
    else found.push([row]);
  }
  return found;
}

/** A box with its edges in order, inside the frame, at least one pixel; null where it is outside. */
export function tidy([x0, y0, x1, y1], { w, h }) {
  const inside = (value, limit) => Math.min(Math.max(value, 0), limit);
  const box = [inside(Math.min(x0, x1), w), inside(Math.min(y0, y1), h), inside(Math.max(x0, x1), w), inside(Math.max(y0, y1), h)];
  return box[2] - box[0] >= 1 && box[3] - box[1] >= 1 ? box : null;
}

/** A box that was moved as a whole and stays inside the frame. */
export function shifted([x0, y0, x1, y1], dx, dy, { w, h }) {
  const across = Math.min(Math.max(dx, -x0), w - x1);
  const down = Math.min(Math.max(dy, -y0), h - y1);
  return [x0 + across, y0 + down, x1 + across, y1 + down];
}

/** What each key does to the edges of a box, as shares of a step. */
const STEPS = {
  moveLeft: [-1, 0, -1, 0], moveRight: [1, 0, 1, 0], moveUp: [0, -1, 0, -1], moveDown: [0, 1, 0, 1],
  narrower: [0, 0, -1, 0], wider: [0, 0, 1, 0], lower: [0, 0, 0, -1], higher: [0, 0, 0, 1],
};

/** Whether an action moves or sizes a box. */
export function isStep(action) {
  return action in STEPS;
}

/** A box after one key: moved as a whole, or with its right or lower edge. */
export function stepped(box, action, pixels, size) {
  const [dx, dy, right, down] = STEPS[action].map((share) => share * pixels);
  if (action.startsWith("move")) return shifted(box, dx, dy, size);
  const [x0, y0, x1, y1] = box;
  return tidy([x0, y0, Math.max(x1 + right, x0 + 1), Math.max(y1 + down, y0 + 1)], size) ?? box;
}

/** The box with which drawing by keys begins: an eighth of what is shown, in its middle. */
export function middleBox({ x, y, w, h }) {
  const half = Math.min(w, h) / 16;
  const [cx, cy] = [x + w / 2, y + h / 2];
  return [cx - half, cy - half, cx + half, cy + half];
}

const middleOf = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Whether a box has the shape of a face, and about the size of the others. */
function isFaceLike([w, h], [usualW, usualH]) {
  return w / h > 0.6 && w / h < 1.5 && w * h <= 4 * usualW * usualH;
}

/** A box of the size of a face in the middle of a place: of the place itself, or as those near it are. */
export function faceBox(place, near, size) {
  const sizeOf = ([x0, y0, x1, y1]) => [x1 - x0, y1 - y0];
  const own = sizeOf(place);
  const sizes = near.map(sizeOf);
  const least = Math.min(...own);
  const usual = sizes.length ? [0, 1].map((side) => middleOf(sizes.map((each) => each[side]))) : [least, least];
  const [w, h] = isFaceLike(own, sizes.length ? usual : own) ? own : usual;
  const [cx, cy] = [(place[0] + place[2]) / 2, (place[1] + place[3]) / 2];
  return shifted([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], 0, 0, size);
}

/** Which part of a box lies under a point: a corner, an edge, its inside, or nothing. */
export function partAt([x0, y0, x1, y1], x, y, reach) {
  if (x < x0 - reach || x > x1 + reach || y < y0 - reach || y > y1 + reach) return null;
  const near = (value, edge) => Math.abs(value - edge) <= reach;
  const across = near(x, x0) ? "w" : near(x, x1) ? "e" : "";
  const down = near(y, y0) ? "n" : near(y, y1) ? "s" : "";
  return down + across || "move";
}

/** A box whose grasped part follows the hand. */
export function dragged(box, part, dx, dy, size) {
  if (part === "move") return shifted(box, dx, dy, size);
  const [x0, y0, x1, y1] = box;
  return tidy(
    [part.includes("w") ? x0 + dx : x0, part.includes("n") ? y0 + dy : y0, part.includes("e") ? x1 + dx : x1, part.includes("s") ? y1 + dy : y1],
    size,
  ) ?? box;
}
