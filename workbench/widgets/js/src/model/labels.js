// Where the names of boxes stand: inside the picture, and not over one another.

/** So many heights of a name above and below its box are tried. */
const MOST_STEPS = 8;

/**
 * @param boxes [{box: (x0, y0, x1, y1) on the screen, width: of its name}], what matters most first
 * @param area of the picture: {x, y, w, h}; @param height of a name
 * @returns the left upper corner of each name; null where its box is not in the picture
 */
export function placeLabels(boxes, area, height) {
  const taken = [];
  return boxes.map(({ box, width }) => {
    if (!meet(box, [area.x, area.y, area.x + area.w, area.y + area.h])) return null;
    const places = placesOf(box, width, height).map((corner) => inside(corner, width, height, area));
    const place = places.find((each) => !taken.some((other) => meet(each, other))) ?? places[0];
    taken.push(place);
    return place.slice(0, 2);
  });
}

/** Beside its box, then in it, then farther away. */
function placesOf([x0, y0, x1, y1], width, height) {
  const left = x0 - 1;
  const right = x1 + 1 - width;
  const places = [[left, y0 - height], [right, y0 - height], [left, y1], [right, y1], [left, y0], [left, y1 - height]];
  for (let step = 1; step <= MOST_STEPS; step++) places.push([left, y0 - (step + 1) * height], [left, y1 + step * height]);
  return places;
}

function inside([x, y], width, height, area) {
  const left = Math.max(area.x, Math.min(x, area.x + area.w - width));
  const top = Math.max(area.y, Math.min(y, area.y + area.h - height));
  return [left, top, left + width, top + height];
}

const meet = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
