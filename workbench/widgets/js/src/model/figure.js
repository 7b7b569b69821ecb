// A figure of aligned signals as SVG text: for a paper, on white, without anything of a page.

const WIDTH = 720;
const LEFT = 62;
const RIGHT = 14;
const TOP = 34;
const LANE = 104;
const BETWEEN = 14;
const FOOT = 44;
const FONT = "Helvetica, Arial, sans-serif";
const GREY = "#5a656e";
/** Each line has its own dashes as well, for who prints without colour. */
export const INKS = ["#0b5c7a", "#b3471d", "#6b36b8", "#1b7a45"];
export const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
/** More points across than this cannot be told apart. */
const MOST_POINTS = 2400;

const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const at = (value) => Math.round(value * 100) / 100;

/** Steps between ticks that people count in. */
export function niceStep(length, most, steps = [1, 2, 5]) {
  const wanted = length / most;
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [...steps.map((each) => each * power), 10 * power].find((each) => each >= wanted * (1 - 1e-9));
}

/** Steps of time: of a clock, not of ten. */
export function timeStep(length, most) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
  return steps.find((each) => length / each <= most) ?? 28800;
}

export function ticksOf([low, high], step) {
  const ticks = [];
  for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + step * 1e-9; tick += step) ticks.push(Math.round(tick * 1e6) / 1e6);
  return ticks;
}

/** Points for a line: of many in one place the lowest and the highest. */
export function thinned(xs, ys, [start, stop]) {
  const inside = [];
  xs.forEach((x, place) => {
    if (x >= start && x <= stop) inside.push([x, ys[place]]);
  });
  if (inside.length <= MOST_POINTS) return inside;
  const size = Math.ceil((2 * inside.length) / MOST_POINTS);
  const kept = [];
  for (let place = 0; place < inside.length; place += size) {
    const part = inside.slice(place, place + size);
    const known = part.filter(([, y]) => y !== null);
    if (known.length < part.length) kept.push([part[0][0], null]);
    if (!known.length) continue;
    const ends = [Math.min, Math.max].map((pick) => known.find(([, y]) => y === pick(...known.map(([, each]) => each))));
    kept.push(...ends.sort((a, b) => a[0] - b[0]));
  }
  return kept;
}

function pathOf(points, x, y) {
  let pen = "M";
  return points.map(([seconds, value]) => {
    if (value === null) {
      pen = "M";
      return "";
    }
    const step = `${pen}${at(x(seconds))} ${at(y(value))}`;
    pen = "L";
    return step;
  }).join("");
}

function rangeOf(series, limits, view) {
  const values = series.flatMap(([xs, ys]) => ys.filter((each, place) => each !== null && xs[place] >= view[0] && xs[place] <= view[1]));
  const all = [...values, ...(limits ?? [])];
  if (!all.length) return [0, 1];
  const [low, high] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
  const pad = (high - low) * 0.06 || 1;
  return [low - pad, high + pad];
}

/**
 * @param figure.lanes [{name, unit, series: [[xs, ys], ...], limits}] one series for each event
 * @param figure.labels of the events; figure.view, figure.span: [start, stop] or null
 * @param figure.axis what the time is counted from; figure.clock seconds -> text
 * @param figure.number a value -> text, as its reader writes it
 */
export function figureSvg({ lanes, labels, view, span, axis, clock, number }) {
  const height = TOP + lanes.length * (LANE + BETWEEN) + FOOT;
  const x = (seconds) => LEFT + ((seconds - view[0]) / (view[1] - view[0])) * (WIDTH - LEFT - RIGHT);
  const parts = [`<rect width="${WIDTH}" height="${height}" fill="#fff"/>`, ...legend(labels)];
  const step = timeStep(view[1] - view[0], 8);
  lanes.forEach((lane, place) => parts.push(...laneParts(lane, TOP + place * (LANE + BETWEEN), { x, view, span, step, number })));
  const foot = TOP + lanes.length * (LANE + BETWEEN) - BETWEEN;
  for (const tick of ticksOf(view, step)) parts.push(text(x(tick), foot + 16, clock(tick), { anchor: "middle" }));
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, foot + 36, axis, { anchor: "middle", size: 12 }));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="${FONT}">${parts.join("")}</svg>`;
}

function text(x, y, words, { anchor = "start", size = 11, fill = GREY } = {}) {
  return `<text x="${at(x)}" y="${at(y)}" font-size="${size}" text-anchor="${anchor}" fill="${fill}">${escaped(words)}</text>`;
}

function legend(labels) {
  return labels.flatMap((label, place) => {
    const x = LEFT + place * 164;
    return [stroke(`M${x} 15h26`, place), text(x + 32, 19, label, { fill: "#16202a" })];
  });
}

const stroke = (path, place) => {
  const dash = DASHES[place % DASHES.length];
  return `<path d="${path}" fill="none" stroke="${INKS[place % INKS.length]}" stroke-width="1.5" stroke-linejoin="round"${dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : ""}/>`;
};

function laneParts({ name, unit, series, limits }, top, { x, view, span, step, number }) {
  const range = rangeOf(series, limits, view);
  const y = (value) => top + LANE - ((value - range[0]) / (range[1] - range[0])) * LANE;
  const [left, right] = [x(view[0]), x(view[1])];
  const parts = [];
  const band = (from, to, low, high, fill) => `<rect x="${at(from)}" y="${at(high)}" width="${at(to - from)}" height="${at(low - high)}" fill="${fill}"/>`;
  if (limits) parts.push(band(left, right, y(limits[0]), y(limits[1]), "#e3f0e6"));
  if (span) {
    const [from, to] = span.map((each) => x(Math.min(Math.max(each, view[0]), view[1])));
    parts.push(`<rect x="${at(from)}" y="${top}" width="${at(to - from)}" height="${LANE}" fill="#0b5c7a" fill-opacity="0.08"/>`);
  }
  const valueStep = niceStep(range[1] - range[0], 4);
  for (const tick of ticksOf(range, valueStep)) {
    parts.push(`<path d="M${left} ${at(y(tick))}H${right}" stroke="#d5dadd" stroke-width="0.7"/>`, text(left - 6, y(tick) + 4, number(tick), { anchor: "end" }));
  }
  for (const tick of ticksOf(view, step)) parts.push(`<path d="M${at(x(tick))} ${top}v${LANE}" stroke="#eceff1" stroke-width="0.7"/>`);
  if (view[0] < 0 && view[1] > 0) parts.push(`<path d="M${at(x(0))} ${top}v${LANE}" stroke="${GREY}" stroke-width="1" stroke-dasharray="4 3"/>`);
  series.forEach(([xs, ys], place) => parts.push(stroke(pathOf(thinned(xs, ys, view), x, y), place)));
  const middle = top + LANE / 2;
  const words = escaped(unit ? `${name} (${unit})` : name);
  parts.push(`<text transform="rotate(-90 14 ${middle})" x="14" y="${middle}" font-size="12" text-anchor="middle" fill="#16202a">${words}</text>`);
  return parts;
}
