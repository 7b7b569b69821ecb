// The boxes that the program drew, by frame; eight float32 numbers a row.
import { copied } from "./frame_index.js";

const COLUMNS = 8;
export const ORIGINS = ["detected", "filled", "rescued", "padded", "corrected"];

export class BoxTable {
  /** @param {Float32Array} rows frame, track, x0, y0, x1, y1, score, origin; in order of frames */
  constructor(rows) {
    this.rows = rows;
    this.length = rows.length / COLUMNS;
  }

  static ofBytes(view) {
    return new BoxTable(new Float32Array(copied(view)));
  }

  row(at) {
    const [frame, track, x0, y0, x1, y1, score, origin] = this.rows.subarray(at * COLUMNS, (at + 1) * COLUMNS);
    return { frame, track, box: [x0, y0, x1, y1], score, origin: ORIGINS[origin] ?? "detected" };
  }

  /** The first row whose frame is not before the given one. */
  firstRow(frame) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle * COLUMNS] < frame) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  at(frame) {
    const found = [];
    for (let at = this.firstRow(frame); at < this.length && this.rows[at * COLUMNS] === frame; at++) {
      found.push(this.row(at));
    }
    return found;
  }

  /** Track -> its rows, in order of frames. */
  byTrack() {
    const tracks = new Map();
    for (let at = 0; at < this.length; at++) {
      const row = this.row(at);
      if (!tracks.has(row.track)) tracks.set(row.track, []);
      tracks.get(row.track).push(row);
    }
    return tracks;
  }
}

/** Whether a box is shown at a threshold: one without a score was repaired by time and always is. */
export function isShown(row, threshold) {
  return Number.isNaN(row.score) || row.score >= threshold;
}
