import assert from "node:assert/strict";
import { test } from "node:test";
import { movedSpan, unpack, usualStep, valueAt, withGaps, zoomedSpan } from "../../../workbench/widgets/js/src/model/signals.js";

test("signals of different lengths are taken apart", () => {
  const view = new DataView(Float64Array.of(0, 1, 40, 41, 0, 5, 10, 1, 2, 3).buffer);
  const [bis, emg] = unpack(view, [{ samples: 2 }, { samples: 3 }]);
  assert.deepEqual(bis.map((each) => [...each]), [[0, 1], [40, 41]]);
  assert.deepEqual(emg.map((each) => [...each]), [[0, 5, 10], [1, 2, 3]]);
});

test("no line crosses a silence or a value that is none", () => {
  assert.equal(usualStep([0, 1, 2, 9, 10]), 1);
  const drawn = withGaps([0, 1, 2, 9, 10], [5, Number.NaN, 7, 8, 9]);
  assert.deepEqual(drawn, [[0, 1, 2, 5.5, 9, 10], [5, null, 7, null, 8, 9]]);
  assert.deepEqual([-1, 0.5, 1.5, 2.5, 7, 99].map((each) => valueAt(drawn, each)), [null, 5, null, 7, null, 9]);
});

test("a span is zoomed around a time and moved inside the whole", () => {
  assert.deepEqual(zoomedSpan([0, 100], 2, 25, [0, 100]), [12.5, 62.5]);
  assert.deepEqual(zoomedSpan([10, 20], 0.1, 15, [0, 50]), [0, 50]);
  assert.deepEqual(movedSpan([10, 20], 100, [0, 50]), [40, 50]);
  assert.deepEqual(zoomedSpan([10, 10.6], 10, 10.3, [0, 50]).map((each) => Math.round(each * 100) / 100), [10.05, 10.55]);
});
