import assert from "node:assert/strict";
import { test } from "node:test";
import { figureSvg, niceStep, thinned, ticksOf, timeStep } from "../../../workbench/widgets/js/src/model/figure.js";
import * as playback from "../../../workbench/widgets/js/src/model/playback.js";

const marker = (kind, start) => ({ kind, start_seconds: start, stop_seconds: null });
const SENT = [
  { event_id: "a", frames: 2, end_seconds: 2, offset_seconds: 0, signals: [{ name: "emg", unit: "dB", samples: 1 }, { name: "bis", unit: "", samples: 3 }], markers: [marker("incision", 10), marker("clip", 30), marker("incision", 20)] },
  { event_id: "b", frames: 1, end_seconds: 1, offset_seconds: 5, signals: [{ name: "bis", unit: "", samples: 2 }], markers: [marker("incision", 4)] },
];
const samples = new DataView(Float64Array.of(0, 28, 0, 1, 2, 40, 41, 42, 0, 1, 50, 51).buffer);
const frames = new DataView(Float64Array.of(0, 1, 0).buffer);
const events = playback.unpackEvents(SENT, samples, frames);

test("signals and frames of several events are taken apart", () => {
  assert.deepEqual([...events[0].signals.keys()], ["emg", "bis"]);
  assert.deepEqual(events[1].signals.get("bis").data.map((each) => [...each]), [[0, 1], [50, 51]]);
  assert.deepEqual(events.map((each) => [...each.index.seconds]), [[0, 1], [0]]);
  assert.deepEqual(playback.signalNames(events), ["bis", "emg"]);
});

test("the first marker of a kind is second 0 of each event that has one", () => {
  assert.deepEqual(playback.markerKinds(events), [{ kind: "incision", count: 2 }, { kind: "clip", count: 1 }]);
  const shifts = playback.shiftsOf(events, "incision");
  assert.deepEqual(shifts, [10, 4]);
  assert.deepEqual(playback.shiftsOf(events, "clip"), [30, null]);
  assert.deepEqual(playback.shiftsOf(events, playback.FROM_START), [0, 0]);
  assert.deepEqual(playback.extentOf(events, shifts), [-10, 2]);
  assert.deepEqual(playback.laneOf(events, shifts, "bis")[1], [[-4, -3], [50, 51]]);
  assert.deepEqual(playback.laneOf(events, [30, null], "bis")[1], [[], []]);
});

test("a span is one on the page, or lies between two markers of each event", () => {
  assert.deepEqual(playback.spansOf(events, [10, 4], { span: [-1, 1] }), [[9, 11], [3, 5]]);
  assert.deepEqual(playback.spansOf(events, [30, null], { span: [-1, 1] }), [[29, 31], null]);
  assert.deepEqual(playback.spansOf(events, [10, 4], { between: ["incision", "clip"] }), [[10, 30], null]);
  assert.deepEqual(playback.spansOf(events, [10, 4], { between: ["clip", "incision"] }), [null, null]);
});

test("tables have a name in quotes where it needs them, and nothing where nothing is known", () => {
  assert.equal(playback.csvOf(["a", "b"], [['x "y", z', Number.NaN], [null, 1.5]]), 'a,b\n"x ""y"", z",\n,1.5\n');
  assert.equal(playback.signalsCsv(events, [10, 4], "incision").split("\n")[1], "a,emg,dB,-10,28");
  const measure = Object.fromEntries(playback.MEASURES.map((name) => [name, name === "mean" ? null : 1 / 3]));
  const table = playback.measuresCsv(events, [{ span: [1, 2], signals: { bis: measure, emg: measure } }, null], "bis", [40, 60]);
  assert.equal(table.split("\n")[1], "a,bis,1,2,40,60,,0.3333,0.3333,0.3333,0.3333,0.3333,0.3333");
  // the range is of BIS
  assert.equal(table.split("\n")[2], "a,emg,1,2,,,,0.3333,0.3333,,,,0.3333");
  assert.equal(playback.markersCsv(events, [10, null]).split("\n").at(-2), "b,incision,4,,");
});

test("times before the marker have a sign, and second 0 has none", () => {
  assert.deepEqual([-90, -0.2, 0, 3725].map((each) => playback.signedClock(each)), ["−00:01:30", "00:00:00", "00:00:00", "01:02:05"]);
});

test("ticks that are closer than a second show a tenth", () => {
  const ticks = [-0.5, 0, 0.5];
  assert.deepEqual(ticks.map((each) => playback.signedClock(each, playback.digitsOf(ticks))), ["−00:00:00.5", "00:00:00.0", "00:00:00.5"]);
  assert.equal(playback.digitsOf([0, 1]), 0);
});

test("ticks are numbers that people count in", () => {
  assert.deepEqual([niceStep(10, 4), niceStep(73, 4), timeStep(130, 8), timeStep(7200, 8)], [5, 20, 30, 900]);
  assert.deepEqual(ticksOf([-3, 4], 2), [-2, 0, 2, 4]);
});

test("a figure has a line for each event, and none over a gap or through what is not a number", () => {
  const lane = { name: "bis", unit: "<%>", series: [[[0, 1, 2, 3], [40, null, 42, 43]], [[], []]], limits: [40, 60] };
  const svg = figureSvg({ lanes: [lane], labels: ["A", "B"], view: [0, 3], span: [1, 2], axis: "time", clock: String, number: (value) => `${value},0` });
  assert.match(svg, />50,0<\/text>/);
  assert.match(svg, /bis \(&#60;%&#62;\)/);
  assert.match(svg, /d="M62 [\d.]+M[\d.]+ [\d.]+L[\d.]+ [\d.]+"/);
  assert.ok(!svg.includes("NaN") && !svg.includes("undefined"));
});

test("a long line keeps its lowest and highest points and its gaps", () => {
  const xs = Array.from({ length: 100_000 }, (_, at) => at);
  const ys = xs.map((at) => (at === 50_000 ? 99 : at === 70_000 ? -99 : at === 80_000 ? null : 0));
  const kept = thinned(xs, ys, [0, 100_000]);
  assert.ok(kept.length < 3000);
  for (const value of [99, -99, null]) assert.ok(kept.some(([, y]) => y === value));
});
