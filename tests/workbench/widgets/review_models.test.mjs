import assert from "node:assert/strict";
import { test } from "node:test";
import { toCorrections } from "../../../workbench/widgets/js/src/model/corrections.js";
import { Outbox } from "../../../workbench/widgets/js/src/model/outbox.js";
import * as review from "../../../workbench/widgets/js/src/model/review.js";
import { speaker } from "../../../workbench/widgets/js/src/model/words.js";

const moment = (id, state = "open", first = 10) => ({
  state,
  moment: { moment_id: id, first_frame: first, stop_frame: first + 10, region_xyxy_px: [0, 0, 50, 50], expected_seconds: 40 },
});
const queue = [moment("a"), moment("b", "accepted"), moment("c"), moment("d", "flagged")];

test("the next moment is the next open one, around the end", () => {
  assert.equal(review.nextOpen(queue, "a"), "c");
  assert.equal(review.nextOpen(queue, "c"), "a");
  assert.equal(review.nextOpen([moment("a")], "a"), null);
  assert.equal(review.nextOpen(queue, "a", review.isFlagged), "d");
  assert.equal(review.neighbour(queue, "d", 1), "d");
  assert.equal(review.neighbour(queue, "b", -1), "a");
});

test("progress counts what is left, in minutes", () => {
  assert.deepEqual(review.progressOf(queue), { all: 4, left: 2, flagged: 1, done: 1, minutes: 2 });
});

test("a moment begins in the second in which it is found, and takes some time", () => {
  assert.deepEqual([0, 0.5, 0.999, 3, 2.9999999, 3599.9].map((start) => review.startOf({ start_seconds: start })), ["00:00:00", "00:00:00", "00:00:00", "00:00:03", "00:00:03", "00:59:59"]);
  assert.deepEqual([0.033, 0.1, 4.467].map((each) => review.lasting(each, speaker("pt"))), ["0,1 s", "0,1 s", "4,5 s"]);
});

test("the one thing to do follows the work", () => {
  const act = (moments, more = {}) => review.mainAction({ moments, job: {}, notRendered: 0, isReleased: false, ...more });
  const done = [moment("a", "accepted")];
  assert.equal(act(queue), "accept");
  assert.equal(act(queue, { job: { kind: "rerender", state: "running" } }), "rendering");
  assert.equal(act(queue, { job: { kind: "rerender", state: "failed" } }), "accept");
  assert.equal(act(done, { notRendered: 1 }), "rerender");
  assert.equal(act([moment("a", "flagged")]), "nextFlagged");
  assert.equal(act(done), "signOff");
  assert.equal(act(done, { isSigning: true }), "signing");
  assert.equal(act(done, { isSigning: true, isReleased: true }), "released");
  assert.equal(act([]), "ranking");
  assert.equal(act([], { job: { kind: "rank", state: "full" } }), "full");
  assert.equal(act(queue, { isReleased: true }), "released");
});

const VIEW = { x: 0, y: 0, w: 384, h: 192 };
const NONE = new Set();

/** Corrections of one part with a box in some frames. */
function added(boxes, key = 1) {
  const keyframes = Object.entries(boxes).map(([frame, box]) => ({ frame: Number(frame), box }));
  return toCorrections({ tracks: { 7: { parts: [{ key, keyframes }], lifted: [] } }, zones: [] }, VIEW, "page");
}

test("a moment is corrected where a box was added at its time and place", () => {
  const lifted = toCorrections({ tracks: {}, zones: [{ key: 1, box: [0, 0, 9, 9], first: 12, last: 14 }] }, VIEW, "page");
  const [{ moment: asked }] = queue;
  const isCorrected = (corrections) => review.isCorrected(asked, corrections, VIEW, NONE);
  assert.ok(isCorrected(added({ 12: [40, 40, 90, 90], 14: [40, 40, 90, 90] })));
  assert.ok(!isCorrected(added({ 12: [60, 40, 90, 90], 14: [60, 40, 90, 90] })));
  assert.ok(!isCorrected(added({ 20: [0, 0, 9, 9], 22: [0, 0, 9, 9] })));
  assert.ok(!isCorrected(lifted));
});

test("of a box that moves, only where it is within the moment counts", () => {
  const [{ moment: asked }] = queue;
  const isCorrected = (boxes) => review.isCorrected(asked, added(boxes), VIEW, NONE);
  // it is at the place before frame 10 or from 20 on, and elsewhere in between
  assert.ok(!isCorrected({ 4: [0, 0, 40, 40], 8: [100, 0, 140, 40], 30: [100, 0, 140, 40] }));
  assert.ok(!isCorrected({ 0: [100, 0, 140, 40], 22: [100, 0, 140, 40], 25: [0, 0, 40, 40] }));
  // no keyframe is within the moment or at its place, but in frame 15 the box is
  assert.ok(isCorrected({ 5: [0, 60, 40, 100], 15: [0, 20, 40, 60], 25: [0, 60, 40, 100] }));
  assert.ok(isCorrected({ 5: [-200, 0, -160, 40], 25: [200, 0, 240, 40] }));
});

test("in a moment of the whole view only what was drawn for it counts, or what a person says", () => {
  const spot = { ...queue[0].moment, region_xyxy_px: [0, 0, 384, 192] };
  const before = added({ 12: [40, 40, 90, 90] }, 1);
  const after = [...before, ...added({ 13: [140, 40, 190, 90] }, 2)];
  const drawn = new review.Drawn();
  const verdicts = (corrections) => review.verdictsOf(spot, corrections, VIEW, drawn.for("spot"));
  assert.deepEqual(verdicts([]), ["accept", null]);
  assert.deepEqual(verdicts(before), ["accept", "corrected"]);
  drawn.note("another", before, after);
  assert.deepEqual(verdicts(after), ["accept", "corrected"]);
  drawn.note("spot", before, after);
  assert.deepEqual(verdicts(after), ["corrected", "accept"]);
  // what was drawn for it and taken back
  assert.deepEqual(verdicts(before), ["accept", "corrected"]);
});

test("a person may say of a box at the place, or beside it, what it was drawn for", () => {
  const verdicts = (corrections) => review.verdictsOf(queue[0].moment, corrections, VIEW, NONE);
  assert.deepEqual(verdicts(added({ 12: [40, 40, 90, 90] })), ["corrected", "accept"]);
  assert.deepEqual(verdicts(added({ 12: [60, 40, 90, 90] })), ["accept", "corrected"]);
  assert.deepEqual(verdicts(added({ 32: [40, 40, 90, 90] })), ["accept", null]);
});

test("what is decided and not answered is seen at once", () => {
  const shown = review.withPending(queue, new Map([["a", { verdict: "accepted", note: "" }]]));
  assert.deepEqual(shown.map((each) => each.state), ["accepted", "accepted", "open", "flagged"]);
});

test("the outbox sends again until it is answered, and says when answers stop", () => {
  const sent = [];
  const late = [];
  const due = [];
  const timers = { set: (call) => due.push(call), clear: (at) => { due[at - 1] = null; } };
  const outbox = new Outbox((content) => sent.push(content), (isLate) => late.push(isLate), timers);
  outbox.post({ kind: "ask", what: "look" });
  assert.ok(outbox.isWaitingFor("look"));
  due.shift()();
  assert.deepEqual(sent.map((each) => each.number), [1, 1]);
  assert.deepEqual(late, [true]);
  assert.equal(outbox.answered(1).content.what, "look");
  assert.equal(outbox.answered(1), null);
  assert.deepEqual(late, [true, false]);
  assert.ok(!outbox.isWaitingFor("look"));
});

test("an outbox without a connection keeps what it is given", () => {
  const timers = { set: () => 0, clear: () => {} };
  const outbox = new Outbox(() => { throw new Error("gone"); }, () => {}, timers);
  outbox.post({ kind: "decide", moment: "a" });
  assert.equal(outbox.answered(1).content.moment, "a");
});
