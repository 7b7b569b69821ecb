import assert from "node:assert/strict";
import { test } from "node:test";
import { BoxTable, isShown } from "../../../workbench/widgets/js/src/model/box_table.js";
import { clock, FrameIndex } from "../../../workbench/widgets/js/src/model/frame_index.js";
import { actionOf, EDITOR_KEYS, keyName, PLAYER_KEYS } from "../../../workbench/widgets/js/src/model/keys.js";
import { fit, layout, Viewport } from "../../../workbench/widgets/js/src/model/viewport.js";
import { PAGE_WORDS } from "../../../workbench/widgets/js/src/model/page_words.js";
import { speaker, WORDS } from "../../../workbench/widgets/js/src/model/words.js";

const index = new FrameIndex(Float64Array.of(0, 0.04, 0.1, 0.12), 0.2);

test("a frame is found by any time at which it is shown", () => {
  assert.deepEqual([-1, 0, 0.039, 0.04, 0.099, 0.11, 0.12, 9].map((each) => index.frameAt(each)), [0, 0, 0, 1, 1, 2, 3, 3]);
});

test("a time stamp that was rounded names the frame it is of", () => {
  for (let frame = 0; frame < index.length; frame++) {
    assert.equal(index.frameOf(index.seconds[frame] - 1e-6), frame);
    assert.equal(index.frameOf(index.seconds[frame] + 1e-6), frame);
  }
});

test("seeking goes to the middle of a frame, the last one's included", () => {
  assert.deepEqual([0, 1, 3].map((each) => Number(index.seekSeconds(each).toFixed(6))), [0.02, 0.07, 0.16]);
  assert.equal(Number(index.seekSeconds(0, 1).toFixed(6)), 0.07);
});

test("times are written as hh:mm:ss and rounded once", () => {
  assert.deepEqual([clock(0), clock(3599.9996), clock(59.6, 0), clock(36000, 0)], ["00:00:00.000", "01:00:00.000", "00:01:00", "10:00:00"]);
});

test("boxes are found by frame and by track", () => {
  const table = new BoxTable(Float32Array.of(
    0, 1, 10, 20, 30, 40, 0.9, 0,
    2, 1, 11, 20, 31, 40, Number.NaN, 1,
    2, 2, 50, 60, 70, 80, 0.25, 0,
  ));
  assert.deepEqual([0, 1, 2, 3].map((each) => table.at(each).length), [1, 0, 2, 0]);
  assert.deepEqual(table.at(2)[0].box, [11, 20, 31, 40]);
  assert.equal(table.at(2)[0].origin, "filled");
  assert.deepEqual([...table.byTrack().keys()], [1, 2]);
  assert.deepEqual(table.at(2).map((each) => isShown(each, 0.5)), [true, false]);
});

test("a point of the screen comes back to itself through the frame", () => {
  const viewport = new Viewport({ x: 100, y: 50, w: 200, h: 100 }, fit(200, 100, { x: 0, y: 0, w: 400, h: 400 }));
  assert.deepEqual(viewport.target, { x: 0, y: 100, w: 400, h: 200 });
  const [x, y] = viewport.toScreen([150, 75, 150, 75]);
  assert.deepEqual(viewport.toFrame(x, y), [150, 75]);
});

test("zooming keeps the point under the hand and stays inside the frame", () => {
  const whole = { x: 0, y: 0, w: 400, h: 200 };
  const viewport = new Viewport(whole, whole);
  assert.deepEqual(viewport.zoomed(2, 100, 50, whole), { x: 50, y: 25, w: 200, h: 100 });
  assert.deepEqual(viewport.zoomed(0.5, 100, 50, whole), whole);
  assert.deepEqual(viewport.moved(100, 0, whole), whole);
});

test("original and copy share the screen side by side, or one edge divides them", () => {
  const area = { x: 0, y: 0, w: 100, h: 50 };
  assert.deepEqual(layout("side", area, 0.5).map((each) => each.area.x), [0, 50]);
  assert.deepEqual(layout("swipe", area, 0.25).map((each) => each.clip.w), [25, 75]);
  assert.deepEqual(layout("copy", area, 0.5), [{ which: "copy", area }]);
});

test("no key has two actions, and Ctrl makes another key", () => {
  const keys = [...Object.values(PLAYER_KEYS), ...Object.values(EDITOR_KEYS)].flat();
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(keyName({ key: "Z", ctrlKey: true, shiftKey: true }), "Ctrl+Shift+z");
  assert.equal(actionOf({ key: " " }, PLAYER_KEYS), "play");
  assert.equal(actionOf({ key: "F" }, PLAYER_KEYS), "next");
  assert.equal(actionOf({ key: "f", altKey: true }, PLAYER_KEYS), null);
  assert.equal(actionOf({ key: "f", ctrlKey: true }, PLAYER_KEYS), null);
});

test("every language has every word and its values, and every action has one", () => {
  const holes = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const all of [WORDS, PAGE_WORDS]) {
    const names = Object.keys(all.en).sort();
    for (const words of Object.values(all)) {
      assert.deepEqual(Object.keys(words).sort(), names);
      for (const name of names) assert.deepEqual(holes(words[name]), holes(all.en[name]), name);
    }
  }
  for (const action of Object.keys({ ...PLAYER_KEYS, ...EDITOR_KEYS })) assert.ok(action in WORDS.en, action);
  assert.equal(speaker("pt")("track", { id: 3 }), "Pessoa 3");
});
