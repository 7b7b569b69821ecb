// The room view is drawn on a frame of the original, which is asked for once somebody wants to draw.
import { API, say as tell } from "./ask.js";
import { say } from "./pagewords.js";

/** How many frames of a video are offered. */
const FRAMES = 10;
/** Chroma has half the pixels of a frame. */
const even = (number) => 2 * Math.round(number / 2);
const clamp = (number, most) => Math.min(Math.max(number, 0), most);

export class DrawnView {
  constructor(event, opener, root, input) {
    Object.assign(this, { event, opener, root, input, count: Number(opener.dataset.frames), turn: FRAMES / 2, from: null });
    const inside = (id) => root.querySelector(`#${id}`);
    Object.assign(this, { still: inside("still"), drawn: inside("drawn") });
    this.still.alt = say("ev_frame");
    opener.addEventListener("click", () => this.#open(root.hidden));
    inside("other").addEventListener("click", () => this.#load(this.turn + 1));
    input.addEventListener("input", () => this.#show());
    this.still.addEventListener("load", () => this.#show());
    this.still.addEventListener("error", () => tell(say("ev_noFrame"), "fault"));
    addEventListener("resize", () => this.#show());
    const canvas = this.still.parentElement;
    canvas.addEventListener("pointerdown", (at) => this.#begin(at, canvas));
    canvas.addEventListener("pointermove", (at) => this.from && this.#draw(at));
    for (const each of ["pointerup", "pointercancel"]) canvas.addEventListener(each, () => { this.from = null; });
  }

  #open(isOpen) {
    this.root.hidden = !isOpen;
    this.opener.setAttribute("aria-expanded", isOpen);
    if (isOpen && !this.still.src) this.#load(this.turn);
  }

  #load(turn) {
    this.turn = turn % FRAMES;
    this.still.src = `${API}/events/${this.event}/pictures/original/${Math.floor((this.count * this.turn) / FRAMES)}`;
  }

  /** Where a pointer is, in pixels of the frame. */
  #place({ clientX, clientY }) {
    const { left, top, width, height } = this.still.getBoundingClientRect();
    const { naturalWidth, naturalHeight } = this.still;
    return [clamp(((clientX - left) / width) * naturalWidth, naturalWidth), clamp(((clientY - top) / height) * naturalHeight, naturalHeight)];
  }

  #begin(at, canvas) {
    if (!this.still.naturalWidth || at.button) return;
    at.preventDefault();
    canvas.setPointerCapture(at.pointerId);
    this.from = this.#place(at);
  }

  #draw(at) {
    const to = this.#place(at);
    const [x, y] = this.from.map((one, side) => even(Math.min(one, to[side])));
    const [right, bottom] = this.from.map((one, side) => even(Math.max(one, to[side])));
    if (right - x < 16 || bottom - y < 16) return;
    this.input.value = [x, y, right - x, bottom - y].join(",");
    this.#show();
  }

  /** Show what is typed or drawn, where it is four numbers. */
  #show() {
    const box = this.input.value.split(",").map(Number);
    const scale = this.still.clientWidth / this.still.naturalWidth;
    this.drawn.hidden = box.length !== 4 || !box.every(Number.isFinite) || !Number.isFinite(scale);
    if (this.drawn.hidden) return;
    ["left", "top", "width", "height"].forEach((side, at) => { this.drawn.style[side] = `${box[at] * scale}px`; });
  }
}
