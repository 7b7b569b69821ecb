// What the times of a run say: what bounds it, and where two runs differ.
import { csvOf } from "./playback.js";

export const perFrame = (run, seconds) => (1000 * seconds) / run.frames;
export const wallPerFrame = (run) => perFrame(run, run.wall_seconds);

/** The two runs after a choice: a first that was the second changes places with it. */
export function choose([first, second], place, value) {
  const now = value === "" ? undefined : Number(value);
  const [a, b] = place ? [first, now] : [now, now === second ? first : second];
  return b === undefined ? [a] : [a, b];
}

/** The thread that is busiest: the others wait for it. */
export function boundBy({ threads }) {
  const shares = threads.map((each) => ({ name: each.name, share: each.busy_seconds / Math.max(each.busy_seconds + each.waiting_seconds + each.other_seconds, 1e-9) }));
  return shares.reduce((a, b) => (b.share > a.share ? b : a));
}

/** The stage that takes the largest share of what each frame passes. */
export function heaviest({ stages }) {
  return stages.reduce((a, b) => ((b.share ?? 0) > (a.share ?? 0) ? b : a));
}

const INFERENCE = 4;

/** Whether a run looked for faces: a copy that is rendered again after a correction does not. */
export const searches = ({ stages }) => stages.some((each) => each.number === INFERENCE && each.seconds > 0);

/** Two runs that differ by less are equal: the same run takes as much more or less another time. */
export const NOISE_SHARE = 0.02;

/** Two runs, frame by frame: which is quicker, by what, and the stage that tells most. */
export function difference(a, b) {
  const steps = a.stages.map(({ number, title, seconds }) => {
    const other = b.stages.find((each) => each.number === number);
    return { number, title, from: perFrame(a, seconds), to: perFrame(b, other.seconds) };
  });
  const most = steps.reduce((x, y) => (Math.abs(y.to - y.from) > Math.abs(x.to - x.from) ? y : x));
  const ratio = wallPerFrame(b) / wallPerFrame(a);
  return { ratio, most, isEqual: Math.abs(1 - ratio) < NOISE_SHARE };
}

/** Options whose values differ, and how many do not. */
export function settingsOf(runs) {
  const names = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings)))].sort();
  const rows = names.map((name) => ({ name, values: runs.map(({ settings }) => settings[name] ?? "") }));
  const differing = rows.filter(({ values }) => new Set(values).size > 1);
  return { all: rows, differing, same: rows.length - differing.length };
}

export function stagesCsv(runs) {
  const rows = runs.flatMap((run) => run.stages.map((stage) => [
    run.event_id || run.procedure, run.detector, run.frames, stage.number, stage.title, stage.thread, stage.seconds, perFrame(run, stage.seconds), stage.share, ...(stage.paper_shares ?? [null, null, null, null]),
  ]));
  return csvOf(["run", "detector", "frames", "number", "stage", "thread", "seconds", "ms_per_frame", "share", "paper_test_1_share", "paper_test_2_share", "paper_test_3_share", "paper_test_4_share"], rows);
}
