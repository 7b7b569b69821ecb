import assert from "node:assert/strict";
import { test } from "node:test";
import { BoxTable } from "../../../workbench/widgets/js/src/model/box_table.js";
import { fromCorrections, toCorrections } from "../../../workbench/widgets/js/src/model/corrections.js";
import { boxBetween, dragged, faceBox, isStep, middleBox, partAt, shifted, simplified, stepped, tidy } from "../../../workbench/widgets/js/src/model/geometry.js";
import { History } from "../../../workbench/widgets/js/src/model/history.js";
import { Saving } from "../../../workbench/widgets/js/src/model/saving.js";
import * as tracks from "../../../workbench/widgets/js/src/model/tracks.js";

const SIZE = { w: 640, h: 360 };
const FRAMES = 200;
// track 1 moves in frames 0 to 99 and 120 to 149; track 2 stands still in frames 50 to 80
const ROWS = [];
for (let frame = 0; frame < 150; frame++) {
  if (frame < 100 || frame >= 120) ROWS.push(frame, 1, frame, 10, frame + 40, 60, 0.9, 0);
  if (frame >= 50 && frame <= 80) ROWS.push(frame, 2, 300, 100, 350, 160, 0.6, 0);
}
const table = new BoxTable(Float32Array.from(ROWS));
const found = tracks.automatic(table);
const empty = tracks.emptyDocument(found);

/** Boxes of each frame without who they are of: what is redacted. */
function redacted(document) {
  return Array.from({ length: FRAMES }, (_, frame) =>
    tracks.boxesAt(document, table, frame).map((each) => each.box.map((value) => Math.round(value * 10) / 10)).sort((a, b) => a[0] - b[0]),
  );
}

const boxOf = (document, track, frame) => tracks.boxOf(document, table, track, frame)?.box ?? null;

test("without changes the program's boxes hold", () => {
  assert.deepEqual(boxOf(empty, 1, 30), [30, 10, 70, 60]);
  assert.equal(boxOf(empty, 1, 110), null);
  assert.deepEqual(tracks.life(empty, found, 1), [0, 149]);
  assert.deepEqual(tracks.trackIds(empty, found), [1, 2]);
});

test("between keyframes a box moves linearly, and before and after them there is none", () => {
  const keyframes = [{ frame: 10, box: [0, 0, 10, 10] }, { frame: 20, box: [100, 50, 130, 90] }];
  assert.deepEqual(boxBetween(keyframes, 15), [50, 25, 70, 50]);
  assert.deepEqual([9, 21].map((each) => boxBetween(keyframes, each)), [null, null]);
});

test("a new track lives where it has keyframes, and the frames between follow", () => {
  let [document, track] = tracks.addTrack(empty, found, 110, [10, 10, 20, 20]);
  assert.equal(track, 3);
  document = tracks.setBox(document, found, track, 120, [30, 10, 40, 20]);
  assert.deepEqual(boxOf(document, track, 115), [20, 10, 30, 20]);
  assert.equal(boxOf(document, track, 121), null);
  document = tracks.setBox(document, found, track, 121 + tracks.JOIN_FRAMES, [0, 0, 9, 9]);
  assert.equal(boxOf(document, track, 130), null, "too far away to follow");
});

test("moving the program's box changes that frame, a second time the frames between", () => {
  let document = tracks.setBox(empty, found, 1, 30, [100, 100, 140, 150]);
  assert.deepEqual(boxOf(document, 1, 30), [100, 100, 140, 150]);
  assert.deepEqual(boxOf(document, 1, 31), [31, 10, 71, 60]);
  assert.equal(tracks.boxesAt(document, table, 30).length, 1);
  document = tracks.setBox(document, found, 1, 40, [110, 100, 150, 150]);
  assert.deepEqual(boxOf(document, 1, 35), [105, 100, 145, 150]);
  assert.deepEqual([29, 41].map((each) => boxOf(document, 1, each)[0]), [29, 41]);
  assert.deepEqual(tracks.keyframesOf(document, 1), [30, 40]);
});

test("a keyframe is taken away and put back; the only one stays", () => {
  let document = tracks.setBox(tracks.setBox(empty, found, 1, 30, [0, 0, 10, 10]), found, 1, 40, [100, 0, 110, 10]);
  document = tracks.toggleKeyframe(document, table, found, 1, 35);
  assert.deepEqual(tracks.keyframesOf(document, 1), [30, 35, 40]);
  assert.deepEqual(boxOf(document, 1, 35), [50, 0, 60, 10]);
  document = tracks.toggleKeyframe(document, table, found, 1, 35);
  assert.deepEqual(tracks.keyframesOf(document, 1), [30, 40]);
  const [one, track] = tracks.addTrack(empty, found, 5, [0, 0, 10, 10]);
  assert.equal(tracks.toggleKeyframe(one, table, found, track, 5), one);
});

test("where the last keyframe is taken away, the program's boxes hold again", () => {
  let document = tracks.setBox(tracks.setBox(empty, found, 1, 30, [0, 0, 10, 10]), found, 1, 40, [100, 0, 110, 10]);
  document = tracks.toggleKeyframe(document, table, found, 1, 40);
  assert.deepEqual([30, 31, 40].map((each) => boxOf(document, 1, each)[0]), [0, 31, 40]);
  document = tracks.toggleKeyframe(tracks.setBox(document, found, 1, 20, [5, 5, 50, 50]), table, found, 1, 20);
  assert.deepEqual([20, 29, 30].map((each) => boxOf(document, 1, each)[0]), [20, 29, 0]);
});

test("outside ends a run of the program's boxes, and not the run after it", () => {
  const document = tracks.outside(empty, found, 1, 60);
  assert.deepEqual([59, 60, 99, 120].map((each) => boxOf(document, 1, each) !== null), [true, false, false, true]);
});

test("outside cuts a person's part, and a box further on does not bring back what was cut", () => {
  let [document, track] = tracks.addTrack(empty, found, 10, [0, 0, 10, 10]);
  document = tracks.setBox(document, found, track, 30, [200, 0, 210, 10]);
  document = tracks.outside(document, found, track, 20);
  assert.deepEqual(boxOf(document, track, 19), [90, 0, 100, 10]);
  document = tracks.setBox(document, found, track, 28, [0, 0, 10, 10]);
  assert.deepEqual([20, 27, 28].map((each) => boxOf(document, track, each) !== null), [false, false, true]);
});

test("a deleted track is gone in every frame", () => {
  const document = tracks.removeTrack(tracks.setBox(empty, found, 1, 110, [0, 0, 10, 10]), found, 1);
  assert.equal(tracks.life(document, found, 1), null);
  assert.deepEqual(tracks.trackIds(document, found), [2]);
});

test("propagation holds a box and ends with the video", () => {
  const document = tracks.propagate(empty, table, found, 2, 70, 500, FRAMES);
  assert.deepEqual(boxOf(document, 2, FRAMES - 1), [300, 100, 350, 160]);
  assert.deepEqual(tracks.life(document, found, 2), [50, FRAMES - 1]);
  const moving = tracks.propagate(empty, table, found, 1, 10, 20, FRAMES);
  assert.deepEqual([20, 30, 31].map((each) => boxOf(moving, 1, each)[0]), [10, 10, 31]);
});

test("split and merge change who a box is of and never what is redacted", () => {
  const edited = tracks.setBox(tracks.setBox(empty, found, 1, 30, [100, 100, 140, 150]), found, 1, 60, [110, 100, 150, 150]);
  for (const document of [empty, edited]) {
    const before = redacted(document);
    const [halves, other] = tracks.split(document, found, 1, 45);
    assert.deepEqual(redacted(halves), before);
    assert.deepEqual(tracks.life(halves, found, 1), [0, 44]);
    assert.deepEqual(tracks.life(halves, found, other), [45, 149]);
    const whole = tracks.merge(halves, found, other, 1);
    assert.deepEqual(redacted(whole), before);
    assert.deepEqual(tracks.trackIds(whole, found), [1, 2]);
    assert.deepEqual(redacted(tracks.merge(document, found, 2, 1)), before);
  }
});

test("of two faces that were made one track, changing one does not uncover the other", () => {
  const merged = tracks.merge(empty, found, 2, 1);
  const changed = tracks.setBox(merged, found, 1, 60, [310, 100, 360, 160]);
  assert.equal(tracks.boxesAt(changed, table, 60).length, 2);
  assert.equal(tracks.boxesAt(changed, table, 70).length, 2);
});

test("an occluded box says so until the next keyframe", () => {
  let document = tracks.propagate(empty, table, found, 2, 50, 30, FRAMES);
  document = tracks.toggleOccluded(document, table, found, 2, 60);
  const occluded = (frame) => tracks.boxOf(document, table, 2, frame).occluded;
  assert.deepEqual([55, 60, 79, 80].map(occluded), [false, true, true, false]);
});

test("a zone hides no face that a person added", () => {
  let document = tracks.addZone(empty, [290, 90, 360, 170], FRAMES);
  assert.equal(boxOf(document, 2, 60), null);
  assert.notEqual(boxOf(document, 1, 60), null);
  document = tracks.addTrack(document, found, 60, [300, 100, 350, 160])[0];
  assert.notEqual(boxOf(document, 3, 60), null);
  assert.notEqual(boxOf(tracks.removeZone(document, document.zones[0].key), 2, 60), null);
});

test("corrections say what the document says, and come back as they were", () => {
  let document = tracks.setBox(tracks.setBox(empty, found, 1, 30, [100, 100, 140, 150]), found, 1, 40, [110, 100, 150, 150]);
  document = tracks.toggleOccluded(document, table, found, 1, 35);
  document = tracks.addZone(tracks.removeTrack(document, found, 2), [1, 2, 30, 40], FRAMES);
  const rows = toCorrections(document, SIZE, "a1");
  assert.deepEqual(rows.map((row) => [row.action, row.track, row.keyframes.map((each) => each.frame_index)]), [
    ["add", 1, [30, 35, 40]],
    ["remove", 1, [30, 40]],
    ["remove", 2, [50, 80]],
    ["remove", -1, [0, 199]],
  ]);
  assert.deepEqual(rows[0].keyframes.map((each) => each.note), ["", "occluded", ""]);
  assert.equal(new Set(rows.map((row) => row.correction_id)).size, 4);
  const again = fromCorrections(rows, empty);
  assert.deepEqual(redacted(again), redacted(document));
  assert.deepEqual(toCorrections(again, SIZE, "b2"), rows);
});

const at = (frame, box, note = "") => ({ frame_index: frame, box_xyxy_px: box, note });

test("corrections of others that nobody touches go back as they came", () => {
  const rows = [
    { correction_id: "x", action: "remove", track: 1, keyframes: [at(3, [1, 2, 3, 4], "a poster"), at(9, [5, 6, 7, 8])] },
    { correction_id: "y", action: "add", track: 7, keyframes: [at(3, [1, 2, 3, 4], "seen late")] },
    { correction_id: "z", action: "remove", track: -1, keyframes: [at(3, [1, 2, 3, 4]), at(9, [5, 6, 7, 8])] },
  ];
  assert.deepEqual(toCorrections(fromCorrections(rows, empty), SIZE, "c"), rows);
});

test("everything is undone and done again, step by step", () => {
  const history = new History(empty);
  const steps = [
    (document) => tracks.addTrack(document, found, 5, [0, 0, 10, 10])[0],
    (document) => tracks.setBox(document, found, 1, 5, [0, 0, 10, 10]),
    (document) => tracks.split(document, found, 1, 40)[0],
    (document) => tracks.merge(document, found, 2, 1),
    (document) => tracks.outside(document, found, 1, 20),
    (document) => tracks.addZone(document, [0, 0, 50, 50], FRAMES),
    (document) => tracks.removeTrack(document, found, 1),
  ];
  const seen = [redacted(empty)];
  for (const step of steps) {
    assert.ok(history.push(step(history.present)));
    seen.push(redacted(history.present));
  }
  for (const expected of seen.slice(0, -1).reverse()) {
    assert.ok(history.undo());
    assert.deepEqual(redacted(history.present), expected);
  }
  assert.ok(!history.undo());
  for (const expected of seen.slice(1)) {
    assert.ok(history.redo());
    assert.deepEqual(redacted(history.present), expected);
  }
  assert.equal(history.revision, 3 * steps.length);
});

test("few keyframes stand for many rows within half a pixel", () => {
  const rows = Array.from({ length: 60 }, (_, frame) => ({ frame, box: [Math.sin(frame / 9) * 50, frame, 60, 90] }));
  const keyframes = simplified(rows);
  assert.ok(keyframes.length < 45);
  for (const { frame, box } of rows) {
    boxBetween(keyframes, frame).forEach((value, side) => assert.ok(Math.abs(value - box[side]) <= 0.5));
  }
});

test("a box follows the hand and stays inside the frame", () => {
  const box = [100, 100, 140, 150];
  assert.equal(partAt(box, 101, 149, 5), "sw");
  assert.equal(partAt(box, 120, 101, 5), "n");
  assert.equal(partAt(box, 120, 125, 5), "move");
  assert.equal(partAt(box, 90, 125, 5), null);
  assert.deepEqual(dragged(box, "se", 10, -20, SIZE), [100, 100, 150, 130]);
  assert.deepEqual(dragged(box, "w", 60, 0, SIZE), [140, 100, 160, 150], "edges change places");
  assert.deepEqual(shifted(box, -500, 500, SIZE), [0, 310, 40, 360]);
  assert.equal(tidy([-20, 0, -5, 50], SIZE), null);
});

test("what is not answered is sent again until it is, and only the newest counts", () => {
  const [sent, states, waiting] = [[], [], []];
  const timers = { set: (call) => waiting.push(call) && waiting.length, clear: () => waiting.splice(0) };
  const saving = new Saving((revision) => sent.push(revision), () => states.push(saving.state), timers);
  const pass = () => waiting.shift()?.();
  saving.changed(1);
  pass();
  pass();
  assert.deepEqual([sent, saving.state], [[1, 1], "notSaved"]);
  saving.changed(2);
  pass();
  saving.saved(1, "2026-01-01T10:00:00Z");
  assert.ok(saving.pending);
  saving.saved(2, "2026-01-01T10:00:01Z");
  assert.deepEqual([saving.pending, saving.state, waiting.length], [false, "saved", 0]);
  saving.changed(3);
  pass();
  saving.refused(3, "the box is empty");
  assert.deepEqual([saving.pending, saving.state, saving.message], [true, "refused", "the box is empty"]);
});

test("keys move a box and its right and lower edges, inside the frame and at least a pixel large", () => {
  const size = { w: 100, h: 50 };
  assert.deepEqual(stepped([10, 10, 20, 20], "moveRight", 10, size), [20, 10, 30, 20]);
  assert.deepEqual(stepped([10, 10, 20, 20], "moveUp", 30, size), [10, 0, 20, 10]);
  assert.deepEqual(stepped([10, 10, 20, 20], "wider", 1, size), [10, 10, 21, 20]);
  assert.deepEqual(stepped([10, 10, 20, 20], "narrower", 30, size), [10, 10, 11, 20]);
  assert.deepEqual(stepped([10, 10, 20, 20], "higher", 100, size), [10, 10, 20, 50]);
  assert.deepEqual(stepped([10, 10, 20, 20], "lower", 4, size), [10, 10, 20, 16]);
  assert.ok(isStep("wider") && !isStep("take"));
  assert.deepEqual(middleBox({ x: 100, y: 0, w: 320, h: 160 }), [250, 70, 270, 90]);
});

test("a proposed box has the size of a face and lies in the middle of the hint", () => {
  const faces = [[10, 10, 40, 46], [100, 20, 132, 58], [200, 0, 230, 36], [300, 0, 500, 200]];
  // a person from head to foot: as large as the faces near are
  assert.deepEqual(faceBox([400, 60, 480, 220], faces, SIZE), [424, 121, 456, 159]);
  // a face: as it is
  assert.deepEqual(faceBox([50, 50, 80, 90], faces, SIZE), [50, 50, 80, 90]);
  assert.deepEqual(faceBox([50, 50, 80, 90], [], SIZE), [50, 50, 80, 90]);
  // nobody near: as wide as the hint, and never out of the frame
  assert.deepEqual(faceBox([600, 0, 640, 200], [], SIZE), [600, 80, 640, 120]);
  assert.deepEqual(faceBox([636, 0, 640, 40], faces, SIZE), [608, 1, 640, 39]);
});
