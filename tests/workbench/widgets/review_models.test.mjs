import assert from "node:assert/strict";
import { test } from "node:test";
import { toCorrections } from "../../../workbench/widgets/js/src/model/corrections.js";
import { Outbox } from "../../../workbench/widgets/js/src/model/outbox.js";
import * as review from "../../../workbench/widgets/js/src/model/review.js";

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
  assert.deepEqual([0.033, 0.1, 4.467].map(review.lasting), ["0.1 s", "0.1 s", "4.5 s"]);
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
  assert.equal(act([]), "ranking");
  assert.equal(act([], { job: { kind: "rank", state: "full" } }), "full");
  assert.equal(act(queue, { isReleased: true }), "released");
});

test("a moment is corrected where a box was added at its time and place", () => {
  const added = (frame, box) => {
    const keyframes = [frame, frame + 2].map((at) => ({ frame: at, box }));
    return toCorrections({ tracks: { 7: { parts: [{ key: 1, keyframes }], lifted: [] } }, zones: [] }, { w: 384, h: 192 }, "page");
  };
  const lifted = toCorrections({ tracks: {}, zones: [{ key: 1, box: [0, 0, 9, 9], first: 12, last: 14 }] }, { w: 384, h: 192 }, "page");
  const [{ moment: asked }] = queue;
  assert.ok(review.isCorrected(asked, added(12, [40, 40, 90, 90])));
  assert.ok(!review.isCorrected(asked, added(12, [60, 40, 90, 90])));
  assert.ok(!review.isCorrected(asked, added(20, [0, 0, 9, 9])));
  assert.ok(!review.isCorrected(asked, lifted));
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
