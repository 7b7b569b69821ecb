// A video whose frames the program sends as pictures, one by one: for a page that has no address of it.

/** After so long a frame is asked for again: a program that runs a cell answers nothing meanwhile. */
const PATIENCE_MS = 8000;

/**
 * Does what a `Clip` does, and is the video element of the player, too: it plays without audio, and
 * shows every frame, however long one takes to come.
 */
export class PictureClip extends EventTarget {
  /**
   * @param model of the widget; it sends and receives
   * @param {"original"|"copy"} which
   * @param {import("./model/frame_index.js").FrameIndex} index
   * @param {(clip: PictureClip) => void} onFrame called when there is a frame to paint
   * @param {(sentence: string) => void} onFailure called when the program has none to send
   */
  constructor(model, which, index, onFrame, onFailure) {
    super();
    Object.assign(this, { model, which, index, onFrame, onFailure });
    Object.assign(this, { frame: -1, wanted: null, asked: null, picture: null });
    Object.assign(this, { paused: true, playbackRate: 1, muted: true, error: null });
    this.listener = (message, buffers) => this.#receive(message, buffers);
    model.on("msg:custom", this.listener);
  }

  get video() {
    return this;
  }

  get ready() {
    return this.picture !== null;
  }

  get seeking() {
    return this.wanted !== null;
  }

  get videoWidth() {
    return this.picture?.width ?? 0;
  }

  get videoHeight() {
    return this.picture?.height ?? 0;
  }

  get currentTime() {
    return this.index.seconds[Math.max(this.frame, 0)];
  }

  set currentTime(seconds) {
    this.show(this.index.frameAt(seconds));
  }

  /** The frame that is shown or will be as soon as it has come. */
  get target() {
    return this.wanted ?? Math.max(this.frame, 0);
  }

  /** Paint with the frame that came last; returns whether there is one. */
  withFrame(paint) {
    if (this.ready) paint(this.picture);
    return this.ready;
  }

  /** Show a frame; of several asked for while one is on its way, the last. */
  show(frame) {
    const wanted = this.index.clamp(frame);
    this.wanted = wanted === this.frame ? null : wanted;
    if (this.wanted !== null && this.asked === null) this.#ask();
  }

  #ask() {
    clearTimeout(this.patience);
    this.asked = this.wanted;
    if (this.asked === null) return;
    this.patience = setTimeout(() => this.#ask(), PATIENCE_MS);
    try {
      this.model.send({ kind: "picture", which: this.which, frame: this.asked });
    } catch {
      // the connection is gone; it is tried again
    }
  }

  async #receive({ kind, which, frame, message }, buffers) {
    if (kind !== "picture" || which !== this.which || frame !== this.asked) return;
    clearTimeout(this.patience);
    const picture = message ? null : await createImageBitmap(new Blob([buffers[0]]));
    if (this.isClosed) picture?.close();
    else if (picture) this.#arrived(frame, picture);
    else this.#failed(message);
  }

  #arrived(frame, picture) {
    const isFirst = !this.ready;
    this.picture?.close();
    Object.assign(this, { picture, frame, error: null, asked: null });
    if (this.wanted === frame) this.wanted = null;
    if (isFirst) this.dispatchEvent(new Event("loadedmetadata"));
    this.onFrame(this);
    if (this.asked !== null) return;
    if (this.wanted !== null) this.#ask();
    else if (!this.paused) this.#next();
  }

  #failed(message) {
    Object.assign(this, { error: message, asked: null, wanted: null, paused: true });
    this.onFailure(message);
  }

  /** Show the next frame when it is time, or when it has come if that is later. */
  #next() {
    if (this.frame >= this.index.length - 1) {
      this.dispatchEvent(new Event("ended"));
      return;
    }
    const step = (1000 * (this.index.seconds[this.frame + 1] - this.currentTime)) / this.playbackRate;
    const now = performance.now();
    const at = Math.max(now, (this.begunAt ?? now) + step);
    this.timer = setTimeout(() => {
      this.begunAt = at;
      this.show(this.frame + 1);
    }, at - now);
  }

  async play() {
    Object.assign(this, { paused: false, begunAt: null });
    if (this.wanted === null) this.#next();
  }

  pause() {
    this.paused = true;
    clearTimeout(this.timer);
  }

  close() {
    this.isClosed = true;
    this.pause();
    clearTimeout(this.patience);
    this.model.off("msg:custom", this.listener);
    this.picture?.close();
    this.picture = null;
  }
}
