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
    const places = new Map();
    for (let at = 0; at < this.length; at++) {
      const track = this.rows[at * COLUMNS + 1];
      if (!places.has(track)) places.set(track, []);
      places.get(track).push(at);
    }
    return new Map([...places].map(([track, rows]) => [track, new TrackRows(this, rows)]));
  }
}

/** The rows of one track: an hour has hundreds of thousands, which are made when one looks at them. */
export class TrackRows {
  /** @param {number[]} places of the rows in the table */
  constructor(table, places) {
    Object.assign(this, { table, places });
  }

  get length() {
    return this.places.length;
  }

  frame(at) {
    return this.table.rows[this.places[at] * COLUMNS];
  }

  row(at) {
    return this.table.row(this.places[at]);
  }

  /** Where the rows from a frame on begin. */
  from(frame) {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.frame(middle) < frame) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The rows of a span of frames, both included. */
  within(first, last) {
    return this.places.slice(this.from(first), this.from(last + 1)).map((place) => this.table.row(place));
  }
}

/** Of a track that the program did not find. */
export const NO_ROWS = new TrackRows(new BoxTable(new Float32Array()), []);

/** Whether a box is shown at a threshold: one without a score was repaired by time and always is. */
export function isShown(row, threshold) {
  return Number.isNaN(row.score) || row.score >= threshold;
}
