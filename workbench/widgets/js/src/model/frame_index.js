// Frames of a video by their number in presentation order; times are in seconds.

export class FrameIndex {
  /**
   * @param {Float64Array} seconds when each frame is shown, strictly increasing
   * @param {number} endSeconds when the last frame ends
   */
  constructor(seconds, endSeconds) {
    this.seconds = seconds;
    this.endSeconds = endSeconds;
  }

  get length() {
    return this.seconds.length;
  }

  clamp(frame) {
    return Math.min(Math.max(Math.round(frame), 0), Math.max(this.length - 1, 0));
  }

  /** When a frame ends: where the next one begins. */
  end(frame) {
    return frame + 1 < this.length ? this.seconds[frame + 1] : this.endSeconds;
  }

  /**
   * The time to seek to: the middle of a frame, which no rounding moves into its neighbour.
   * @param {number} away so many frames from there; a part stays inside the frame
   */
  seekSeconds(frame, away = 0) {
    const whole = Math.round(away);
    const near = this.clamp(frame + whole);
    const start = this.seconds[near];
    return start + (this.end(near) - start) * (0.5 + away - whole);
  }

  /** The frame that is shown at a time; the first before it, the last after the end. */
  frameAt(seconds) {
    let low = 0;
    let high = this.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.seconds[middle] <= seconds) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The frame whose time stamp is nearest: the browser rounds time stamps to microseconds. */
  frameOf(seconds) {
    const frame = this.frameAt(seconds);
    const next = frame + 1;
    if (next >= this.length) return frame;
    return this.seconds[next] - seconds < seconds - this.seconds[frame] ? next : frame;
  }

  static ofBytes(view, endSeconds) {
    return new FrameIndex(new Float64Array(copied(view)), endSeconds);
  }
}

/** Bytes of a synced trait, aligned so that an array of numbers can be laid over them; a buffer is as it is. */
export function copied(view) {
  if (!view) return new ArrayBuffer(0);
  if (view instanceof ArrayBuffer) return view;
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}

/** hh:mm:ss.mmm */
export function clock(seconds, digits = 3) {
  const ticks = Math.max(0, Math.round(seconds * 10 ** digits));
  const whole = Math.floor(ticks / 10 ** digits);
  const two = (value) => String(value).padStart(2, "0");
  const text = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map(two).join(":");
  return digits ? `${text}.${String(ticks % 10 ** digits).padStart(digits, "0")}` : text;
}
