import assert from "node:assert/strict";
import test from "node:test";
import { isLate, offersOf, PauseRequest, PHASES, whyNoStart } from "../../../workbench/widgets/js/src/model/recorder_phase.js";

const room = { layout: {}, pre_record_seconds: 3 };

test("a room that cannot be recorded says why", () => {
  assert.equal(whyNoStart("ready", room), null);
  assert.deepEqual(whyNoStart("ready", null), { say: "rec_noRooms" });
  assert.deepEqual(whyNoStart("ready", { fault: "wide" }), { say: "rec_faultyRoom", fault: "wide" });
  assert.deepEqual(whyNoStart("ready", { layout: null }), { say: "rec_starting" });
  assert.deepEqual(whyNoStart("paused", room), { say: "rec_paused" });
});

test("a page offers what may be done in a phase, and nothing else", () => {
  const offered = (phase, ...rooms) => Object.entries(offersOf(phase, ...rooms)).filter(([, isOffered]) => isOffered).map(([step]) => step);
  assert.deepEqual(offered("ready", room), ["acts", "hold", "show", "data"]);
  assert.deepEqual(offered("ready", { ...room, pre_record_seconds: 0 }), ["acts", "show", "data"]);
  assert.deepEqual(offered("ready", null), ["acts", "data"]);
  assert.deepEqual([offered("held", room), offered("previewing", room)], [["acts", "hold", "data"], ["acts", "show", "data"]]);
  for (const phase of ["recording", "paused"]) assert.deepEqual(offered(phase, room), ["acts", "mark", "data"]);
  for (const phase of ["finishing", "done", "failed"]) assert.deepEqual(offered(phase, room), []);
  for (const phase of ["loading", "starting"]) assert.deepEqual(offered(phase, null), ["acts"]);
});

test("what was asked to stop or to start goes on for a moment", () => {
  const late = (phase, isAsked) => Object.keys(PHASES).filter((told) => isLate(phase, told, isAsked));
  assert.deepEqual(late("finishing", false), ["recording", "paused"]);
  assert.deepEqual(late("starting", true), ["held", "previewing"]);
  assert.deepEqual(late("starting", false), []);
});

test("a pause is asked for once until the recording says that it is paused", () => {
  const request = new PauseRequest();
  assert.equal(request.begin("finishing"), null);
  assert.deepEqual([request.said("recording"), request.begin("recording"), request.said("recording")], ["rec_pause", "pause", "rec_pausing"]);
  assert.equal(request.begin("recording"), null);
  request.end();
  assert.deepEqual([request.said("paused"), request.begin("paused"), request.said("paused")], ["rec_resume", "resume", "rec_resuming"]);
  request.end();
  assert.equal(request.said("recording"), "rec_pause");
});
