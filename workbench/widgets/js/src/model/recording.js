// What a watched recording sends, and what to tell a person of it; knows no page and no server.
import { PHASES } from "./recorder_phase.js";

export const PIECE = { beat: 0, state: 1, preview: 2, end: 3 };
/** Of a piece: one byte for its kind, four for its length. */
const HEAD_BYTES = 5;
/** Where less is left the disk is spoken of. */
const LITTLE_SECONDS = 1800;
/** For so long after a frame was left out the page says so. */
const BEHIND_SECONDS = 20;

/** A picture that is older says so. */
const OLD_PICTURE_SECONDS = 3;

/** A source that gives less than this part of the frames that it promises, for so long, is slow. */
const SLOW_PART = 0.8;
const SLOW_SECONDS = 5;

/** What a meter shows of a level, and below what nothing is heard: dB below full scale. */
export const MIN_DBFS = -60;
export const SILENT_DBFS = -55;
/** For so long it is silent before the page says so. */
const SILENT_SECONDS = 15;

/** Of a journal, as many as the recording tells. */
const MAX_LINES = 50;

/** Cuts what arrives into pieces, however it is divided. */
export class PieceReader {
  constructor() {
    this.rest = new Uint8Array(0);
  }

  /** The whole pieces that there are now: `{ kind, content }`. */
  take(chunk) {
    const all = new Uint8Array(this.rest.length + chunk.length);
    all.set(this.rest);
    all.set(chunk, this.rest.length);
    const found = [];
    let at = 0;
    while (all.length - at >= HEAD_BYTES) {
      const length = new DataView(all.buffer, at + 1, 4).getUint32(0);
      if (all.length - at - HEAD_BYTES < length) break;
      found.push({ kind: all[at], content: all.slice(at + HEAD_BYTES, at + HEAD_BYTES + length) });
      at += HEAD_BYTES + length;
    }
    this.rest = all.slice(at);
    return found;
  }
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return [whole / 3600, (whole / 60) % 60, whole % 60].map((each) => String(Math.floor(each)).padStart(2, "0")).join(":");
}

/** For how long there is space to record: in hours where there is plenty. */
export const recordableTime = (seconds) => (seconds < 36_000 ? clock(seconds) : `${Math.floor(seconds / 3600)} h`);

/** A name as people write it. */
export const spoken = (name) => name.replaceAll("_", " ");

/** What to say of the newest picture, which came so many seconds ago (null: none came): null where it is of now. */
export function pictureNote(seconds, isBehind) {
  if (seconds === null) return { say: isBehind ? "rec_pictureBusy" : "rec_pictureNone" };
  return seconds < OLD_PICTURE_SECONDS ? null : { say: "rec_pictureOld", seconds: Math.floor(seconds) };
}

/** A pause has two lines; an entry without a kind is a screenshot, and `mark` says no more than that. */
function linesOf({ id, kind, seconds, stop_seconds: stop }) {
  if (kind === "pause" && stop !== null) return [{ key: id, seconds, say: "rec_didPause" }, { key: `${id} end`, seconds: stop, say: "rec_didResume" }];
  const plain = { null: "rec_shot", mark: "rec_didMark" }[kind];
  return [plain ? { key: id, seconds, say: plain } : { key: id, seconds, say: "rec_marked", kind: spoken(kind) }];
}

/** What was done in a recording: what it tells of that, and what this page knows sooner, or alone. */
export class Journal {
  constructor() {
    this.told = [];
    this.own = [];
  }

  /** Take the newest entries of the recording, whoever made them. */
  tell(entries) {
    this.told = entries.flatMap(linesOf);
  }

  /** Note what was done here; an entry that the recording tells too has its id. */
  note(entry) {
    this.own.push(...linesOf(entry));
  }

  /** Note that names were sealed, of which a recording tells nobody. */
  noteSealed(seconds) {
    this.own.push({ key: `sealed ${seconds}`, seconds, say: "rec_sealed" });
  }

  /** The lines, each with a key of its own, the newest first. */
  lines() {
    const all = new Map([...this.own, ...this.told].map((line) => [line.key, line]));
    return [...all.values()].sort((one, other) => other.seconds - one.seconds || (one.key < other.key ? 1 : -1)).slice(0, MAX_LINES);
  }
}

/** Notes each state, and says what it means beside the states before. */
export class Health {
  constructor() {
    this.before = null;
    this.rates = {};
    this.slowSince = {};
    this.leftOutAt = -Infinity;
    this.heardAt = 0;
  }

  note(state) {
    const { before } = this;
    const passed = before ? state.seconds - before.seconds : 0;
    for (const { name, counters } of passed > 0 ? state.sources : []) {
      const earlier = before.sources.find((each) => each.name === name);
      if (!earlier) continue;
      const rate = Math.max(0, counters.received - earlier.counters.received) / passed;
      // smoothed: two states are half a second apart
      this.rates[name] = name in this.rates ? 0.7 * this.rates[name] + 0.3 * rate : rate;
    }
    for (const { name, is_present: isPresent, frame_rate: promised } of state.sources) {
      const isSlow = isPresent && promised && this.rates[name] < SLOW_PART * promised;
      if (!isSlow) delete this.slowSince[name];
      else this.slowSince[name] ??= state.seconds;
    }
    if (before && state.dropped_frames > before.dropped_frames) this.leftOutAt = state.seconds;
    if (!before || (state.audio_level_dbfs ?? 0) > SILENT_DBFS || state.state === "paused") this.heardAt = state.seconds;
    this.before = state;
  }

  /** Names of the sources that have given too few frames for a while. */
  get slow() {
    return Object.keys(this.slowSince).filter((name) => this.before.seconds - this.slowSince[name] >= SLOW_SECONDS);
  }

  /** Whether frames were left out lately. */
  get isBehind() {
    return this.before !== null && this.before.seconds - this.leftOutAt < BEHIND_SECONDS;
  }

  /** What a person should know, the most urgent first: the name of a sentence with its values, or a sentence. */
  warnings() {
    const state = this.before;
    if (!state) return [];
    const before = PHASES[state.state]?.isOpen ? "Before" : "";
    const lost = state.sources.filter((each) => !each.is_present).map(({ name, seconds, sentence, is_starved: isStarved }) => ({ say: `${isStarved ? "rec_starved" : "rec_lost"}${before}`, name: spoken(name), time: clock(state.seconds - seconds), why: sentence }));
    const slow = state.sources.filter(({ name }) => this.slow.includes(name)).map(({ name, frame_rate: promised }) => ({ say: "rec_slow", name: spoken(name), count: this.rates[name].toFixed(0), promised: promised.toFixed(0) }));
    const left = state.seconds_left;
    const little = left !== null && left < LITTLE_SECONDS ? [{ say: "rec_little", time: clock(left) }] : [];
    const behind = this.isBehind ? [{ say: "rec_behind", count: state.dropped_frames }] : [];
    const hidden = state.is_room_hidden ? [{ say: "rec_hidden" }] : [];
    const silent = state.seconds - this.heardAt > SILENT_SECONDS ? [{ say: "rec_silent" }] : [];
    return [...little, ...lost, ...slow, ...hidden, ...behind, ...silent, ...state.faults.map((text) => ({ text }))];
  }
}
