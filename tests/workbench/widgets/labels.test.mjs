import assert from "node:assert/strict";
import { test } from "node:test";
import { placeLabels } from "../../../workbench/widgets/js/src/model/labels.js";

const PICTURE = { x: 100, y: 0, w: 600, h: 300 };
const HEIGHT = 17;

function rectangles(boxes) {
  return placeLabels(boxes, PICTURE, HEIGHT).map((corner, at) => corner && [...corner, corner[0] + boxes[at].width, corner[1] + HEIGHT]);
}

const meet = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

test("a name stands on its box where there is room", () => {
  assert.deepEqual(rectangles([{ box: [200, 100, 260, 160], width: 70 }]), [[199, 83, 269, 100]]);
});

test("the names of boxes that lie on each other are all read", () => {
  const boxes = Array.from({ length: 6 }, () => ({ box: [300, 60, 380, 250], width: 90 }));
  const found = rectangles(boxes);
  found.forEach((one, at) => found.slice(0, at).forEach((other) => assert.ok(!meet(one, other), `${one} hides ${other}`)));
});

test("no name runs out of the picture", () => {
  const edges = [[660, 100, 720, 160], [60, 100, 120, 160], [300, -10, 360, 20], [300, 280, 360, 310], [100, 0, 700, 300]];
  for (const [x0, y0, x1, y1] of rectangles(edges.map((box) => ({ box, width: 95 })))) {
    assert.ok(x0 >= 100 && y0 >= 0 && x1 <= 700 && y1 <= 300, `${[x0, y0, x1, y1]}`);
  }
});

test("a box that is not in the picture has no name in it", () => {
  assert.deepEqual(rectangles([{ box: [10, 100, 90, 160], width: 70 }]), [null]);
});
