import assert from "node:assert/strict";
import test from "node:test";
import { Health, Journal, PIECE, PieceReader, clock, pictureNote, recordableTime } from "../../../workbench/widgets/js/src/model/recording.js";

const piece = (kind, text) => {
  const content = new TextEncoder().encode(text);
  const head = new Uint8Array(5);
  head[0] = kind;
  new DataView(head.buffer).setUint32(1, content.length);
  return [...head, ...content];
};
const source = (received, more = {}) => ({ name: "room_camera", is_present: true, seconds: 3, counters: { received }, ...more });
const state = (seconds, more = {}) => ({ seconds, dropped_frames: 0, seconds_left: 90_000, faults: [], sources: [source(25 * seconds)], ...more });

test("pieces are whole however what arrives is divided", () => {
  const sent = Uint8Array.from([...piece(PIECE.state, '{"a":1}'), ...piece(PIECE.beat, ""), ...piece(PIECE.end, "x".repeat(300))]);
  for (const size of [1, 4, 5, 6, 200, sent.length]) {
    const reader = new PieceReader();
    const found = [];
    for (let at = 0; at < sent.length; at += size) found.push(...reader.take(sent.slice(at, at + size)));
    assert.deepEqual(found.map(({ kind, content }) => [kind, content.length]), [[1, 7], [0, 0], [3, 300]]);
    assert.equal(new TextDecoder().decode(found[0].content), '{"a":1}');
    assert.equal(reader.rest.length, 0);
  }
});

test("a journal has what the recording tells, and once what was done here", () => {
  const journal = new Journal();
  const said = () => journal.lines().map(({ seconds, say, kind }) => [seconds, say, kind]);
  journal.note({ id: "b", kind: "clip_2", seconds: 9, stop_seconds: null });
  journal.noteSealed(7);
  assert.deepEqual(said(), [[9, "rec_marked", "clip 2"], [7, "rec_sealed", undefined]]);
  journal.tell([{ id: "a", kind: null, seconds: 8, stop_seconds: null }, { id: "b", kind: "clip_2", seconds: 9, stop_seconds: null }, { id: "c", kind: "pause", seconds: 3, stop_seconds: 12 }]);
  assert.deepEqual(said(), [[12, "rec_didResume", undefined], [9, "rec_marked", "clip 2"], [8, "rec_shot", undefined], [7, "rec_sealed", undefined], [3, "rec_didPause", undefined]]);
  journal.note({ id: "d", kind: "mark", seconds: 13, stop_seconds: null });
  assert.deepEqual(said()[0], [13, "rec_didMark", undefined]);
  assert.equal(new Set(journal.lines().map(({ key }) => key)).size, 6);
});

test("times are hours, minutes and seconds", () => {
  assert.deepEqual([0, 59.9, 3661, 360_000, -1].map(clock), ["00:00:00", "00:00:59", "01:01:01", "100:00:00", "00:00:00"]);
  assert.deepEqual([65, 35_999, 36_000].map(recordableTime), ["00:01:05", "09:59:59", "10 h"]);
});

test("a source's rate is what came between two states", () => {
  const health = new Health();
  health.note(state(1));
  health.note(state(2));
  assert.equal(health.rates.room_camera, 25);
  assert.deepEqual(health.warnings(), []);
});

test("a source that gives too few of the frames that it promises is slow once it lasts", () => {
  const health = new Health();
  const at = (seconds, count, promised = 25) => health.note(state(seconds, { sources: [source(count, { frame_rate: promised })] }));
  for (const seconds of [1, 2, 3]) at(seconds, 25 * seconds);
  for (const seconds of [1, 2, 3, 4, 5]) at(3 + seconds, 75 + 12 * seconds);
  assert.deepEqual([health.slow, health.warnings()], [[], []]);
  for (const seconds of [6, 7, 8]) at(3 + seconds, 75 + 12 * seconds);
  assert.deepEqual(health.warnings(), [{ say: "rec_slow", name: "room camera", count: "13", promised: "25" }]);
  for (const seconds of [1, 2, 3, 4]) at(11 + seconds, 171 + 25 * seconds);
  assert.deepEqual(health.slow, []);
  for (const seconds of [1, 9]) at(20 + seconds, 400 + seconds, null);
  assert.deepEqual(health.slow, []);
});

test("what a person should know stands with the most urgent first", () => {
  const health = new Health();
  health.note(state(1));
  health.note(state(2, { dropped_frames: 7, seconds_left: 65, is_room_hidden: true, faults: ["a copy stopped"], sources: [source(25, { is_present: false, seconds: 1.5, sentence: "the cable is out" })] }));
  assert.deepEqual(health.warnings(), [
    { say: "rec_little", time: "00:01:05" },
    { say: "rec_lost", name: "room camera", time: "00:00:00", why: "the cable is out" },
    { say: "rec_hidden" },
    { say: "rec_behind", count: 7 },
    { text: "a copy stopped" },
  ]);
  health.note(state(60, { dropped_frames: 7, seconds_left: null }));
  assert.deepEqual(health.warnings(), []);
  health.note(state(90, { dropped_frames: 7, sources: [source(25, { is_present: false, is_starved: true, seconds: 2, sentence: "end other programs" })] }));
  assert.deepEqual(health.warnings(), [{ say: "rec_starved", name: "room camera", time: "00:01:28", why: "end other programs" }]);
});

test("silence is said once it lasts, and not where somebody paused or nothing is heard at all", () => {
  const silent = new Health();
  for (const seconds of [40, 50, 55]) silent.note(state(seconds, { audio_level_dbfs: -96 }));
  assert.deepEqual(silent.warnings(), []);
  silent.note(state(56, { audio_level_dbfs: -70 }));
  assert.deepEqual(silent.warnings(), [{ say: "rec_silent" }]);
  silent.note(state(57, { audio_level_dbfs: -20 }));
  assert.deepEqual(silent.warnings(), []);
  silent.note(state(90, { audio_level_dbfs: -96, state: "paused" }));
  silent.note(state(100, { audio_level_dbfs: -96 }));
  assert.deepEqual(silent.warnings(), []);
  silent.note(state(200, { audio_level_dbfs: null }));
  assert.deepEqual(silent.warnings(), []);
});

test("a picture that is not of now says so, and where there is none it is said why", () => {
  assert.deepEqual([0, 2.9].map((seconds) => pictureNote(seconds, true)), [null, null]);
  assert.deepEqual(pictureNote(4.7, false), { say: "rec_pictureOld", seconds: 4 });
  assert.deepEqual([false, true].map((isBehind) => pictureNote(null, isBehind).say), ["rec_pictureNone", "rec_pictureBusy"]);
  const health = new Health();
  assert.equal(health.isBehind, false);
  health.note(state(1));
  health.note(state(2, { dropped_frames: 7 }));
  assert.equal(health.isBehind, true);
  health.note(state(60, { dropped_frames: 7 }));
  assert.equal(health.isBehind, false);
});
