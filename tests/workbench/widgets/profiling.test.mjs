import assert from "node:assert/strict";
import { test } from "node:test";
import { boundBy, choose, difference, heaviest, searches, settingsOf, stagesCsv, wallPerFrame } from "../../../workbench/widgets/js/src/model/profiling.js";

const stage = (number, seconds, share) => ({ number, title: `s${number}`, thread: "detector", seconds, share, paper_shares: share === null ? null : [0.1, 0.2, 0.3, 0.4] });
const thread = (name, busy, waiting, other = 0) => ({ name, busy_seconds: busy, waiting_seconds: waiting, other_seconds: other });
const A = { event_id: "a", procedure: "p", frames: 100, wall_seconds: 10, detector: "d", settings: { view: "full", preset: "fast" }, threads: [thread("reader", 1, 9), thread("detector", 8, 1, 1)], stages: [stage(1, 1, null), stage(4, 8, 0.8), stage(9, 2, 0.2)] };
const B = { ...A, frames: 200, settings: { view: "full", preset: "slow" }, stages: [stage(1, 1, null), stage(4, 6, 0.6), stage(9, 4, 0.4)] };

test("the busiest thread bounds a run, and one stage weighs most", () => {
  assert.deepEqual(boundBy(A), { name: "detector", share: 0.8 });
  assert.equal(heaviest(A).number, 4);
});

test("runs differ frame by frame, whatever their length", () => {
  assert.equal(wallPerFrame(A), 100);
  assert.deepEqual(difference(A, B), { ratio: 0.5, most: { number: 4, title: "s4", from: 80, to: 30 }, isEqual: false });
  assert.ok(difference(A, A).isEqual);
  assert.ok(difference(A, { ...A, wall_seconds: 9.9 }).isEqual);
  assert.ok(!difference(A, { ...A, wall_seconds: 9.7 }).isEqual);
});

test("a copy that was rendered again has looked for no face", () => {
  assert.ok(searches(A));
  assert.ok(!searches({ stages: [stage(1, 1, null), stage(4, 0, 0), stage(9, 2, 1)] }));
});

test("no run is compared with itself", () => {
  assert.deepEqual(choose([0, 1], 0, "1"), [1, 0]);
  assert.deepEqual(choose([0, 1], 0, "2"), [2, 1]);
  assert.deepEqual(choose([0, 1], 1, "2"), [0, 2]);
  assert.deepEqual(choose([0, 1], 1, ""), [0]);
  assert.deepEqual(choose([0], 0, "1"), [1]);
});

test("options that differ are told apart from those that do not", () => {
  const { differing, same } = settingsOf([A, B]);
  assert.deepEqual(differing, [{ name: "preset", values: ["fast", "slow"] }]);
  assert.equal(same, 1);
});

test("the table has a row for each stage of each run", () => {
  const lines = stagesCsv([A, B]).trim().split("\n");
  assert.equal(lines.length, 7);
  assert.equal(lines[2], "a,d,100,4,s4,detector,8,80,0.8,0.1,0.2,0.3,0.4");
});
