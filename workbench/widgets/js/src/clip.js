// One video element that is driven by frame numbers.

/** How long after a seek the browser may take to hold the frame. */
const PATIENCE_MS = 150;
/** A busy browser says that it has sought before it has the frame: it is waited for so often. */
const MOST_WAITS = 20;
/**
 * Where to look for a frame, in frames from its middle. Where frames last differently and are
 * stored out of order, the browser takes the length of the one before from the file, which may
 * say too much, and shows that one.
 */
const ATTEMPTS = [0, 0.45, 1];
/** How often a video is asked for again that the server does not send. */
const RETRY_MS = 3000;

export class Clip {
  /**
   * @param {string} url
   * @param {import("./model/frame_index.js").FrameIndex} index
   * @param {(clip: Clip) => void} onFrame called when there is a frame to paint
   * @param {(isSent: boolean) => void} onFailure called when it cannot be played: the server does
   *   not send it just now, and is asked again, or the browser cannot read what is sent
   * @param {number} start when the first frame is shown, by the file's own clock, which the element
   *   goes by; the index counts from there
   */
  constructor(url, index, onFrame, onFailure, start = 0) {
    Object.assign(this, { index, onFrame, onFailure, start, isLoadedAnew: false });
    this.frame = -1;
    this.wanted = null;
    /** Whether the frame that is known is the one that stays: the last one may arrive after a pause. */
    this.isSettled = true;
    this.video = Object.assign(document.createElement("video"), {
      preload: "auto",
      playsInline: true,
      crossOrigin: "use-credentials",
    });
    this.video.addEventListener("seeked", () => this.#afterSeek());
    this.video.addEventListener("loadeddata", () => this.#loaded());
    this.video.addEventListener("error", () => this.#failed());
    this.#watch();
    this.video.src = url;
  }

  get ready() {
    return this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  #loaded() {
    this.isLoadedAnew = false;
    this.show(this.wanted ?? 0);
  }

  /** Load it anew, at the frame that was shown, once the server sends it. */
  async #failed() {
    const { currentSrc, error } = this.video;
    if (!error) return;
    const isSent = await isServed(currentSrc);
    // closed meanwhile
    if (this.video.error !== error) return;
    if (!isSent) this.retry = setTimeout(() => this.#failed(), RETRY_MS);
    if (isSent && !this.isLoadedAnew) {
      Object.assign(this, { isLoadedAnew: true, wanted: this.target, frame: -1, sought: null });
      this.video.load();
    } else this.onFailure(isSent);
  }

  #watch() {
    this.handle = this.video.requestVideoFrameCallback((_, { mediaTime }) => {
      this.mediaTime = mediaTime;
      this.hasArrived = true;
      this.#arrived();
      this.#watch();
    });
  }

  /**
   * Paint with the frame that the element holds now; returns whether it holds one.
   *
   * The number comes from the time stamp of the very frame that is painted: the element may have
   * moved on since the callback that named a frame, and while it seeks it paints nothing. An
   * element that has data may hold no frame for a moment, as at the end of a seek.
   */
  withFrame(paint) {
    if (!this.ready) return false;
    let picture = null;
    try {
      picture = globalThis.VideoFrame ? new VideoFrame(this.video) : null;
    } catch (error) {
      if (error.name === "InvalidStateError") return false;
      throw error;
    }
    const seconds = picture ? picture.timestamp / 1e6 : this.mediaTime;
    if (seconds !== undefined) this.frame = this.index.frameOf(seconds - this.start);
    paint(picture ?? this.video);
    picture?.close();
    return true;
  }

  #arrived() {
    // a clip that is not painted just now must know its frame, too
    this.withFrame(() => {});
    this.onFrame(this);
    if (this.frame !== this.wanted || this.video.seeking) return;
    Object.assign(this, { wanted: null, sought: null, isSettled: true });
  }

  pause() {
    this.video.pause();
    this.isSettled = false;
  }

  /** Show a frame; of several asked for during one seek, the last. */
  show(frame) {
    const wanted = this.index.clamp(frame);
    if (wanted === this.frame && this.wanted === null && this.isSettled && !this.video.seeking) return;
    this.wanted = wanted;
    if (this.ready && !this.video.seeking) this.#seek();
  }

  #seek() {
    if (this.sought !== this.wanted) this.attempt = 0;
    this.sought = this.wanted;
    Object.assign(this, { hasArrived: false, waits: 0 });
    this.seconds = this.index.seekSeconds(this.wanted, ATTEMPTS[this.attempt]);
  }

  #afterSeek() {
    clearTimeout(this.patience);
    if (this.wanted !== null && this.wanted !== this.sought) {
      this.#seek();
      return;
    }
    this.#arrived();
    if (this.wanted !== null) this.patience = setTimeout(() => this.#tryElsewhere(), PATIENCE_MS);
  }

  #tryElsewhere() {
    if (this.wanted === null || this.video.seeking) return;
    if (!this.hasArrived && this.waits < MOST_WAITS) {
      this.waits += 1;
      this.patience = setTimeout(() => this.#tryElsewhere(), PATIENCE_MS);
      return;
    }
    this.attempt += 1;
    if (this.attempt < ATTEMPTS.length) this.#seek();
    // the number that is shown is the frame's own all the same
    else this.wanted = this.sought = null;
  }

  /** Where the element is, as the index counts. */
  get seconds() {
    return this.video.currentTime - this.start;
  }

  set seconds(seconds) {
    this.video.currentTime = this.start + seconds;
  }

  /** The frame that is shown or will be as soon as the browser has it. */
  get target() {
    return this.wanted ?? Math.max(this.frame, 0);
  }

  close() {
    clearTimeout(this.patience);
    clearTimeout(this.retry);
    this.video.cancelVideoFrameCallback(this.handle);
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }
}

async function isServed(url) {
  try {
    const answer = await fetch(url, { credentials: "include", headers: { Range: "bytes=0-0" } });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
