// The canvas: frame and boxes are painted together, so that they always belong to each other.
import { trackColour } from "./dom.js";
import { fit, layout, Viewport } from "./model/viewport.js";

export class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.ratio = 1;
  }

  /** Adapt to the size on the screen; setting a canvas's size clears it. */
  resize() {
    this.ratio = globalThis.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    const [width, height] = [Math.round(clientWidth * this.ratio), Math.round(clientHeight * this.ratio)];
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }

  get area() {
    return { x: 0, y: 0, w: this.canvas.clientWidth, h: this.canvas.clientHeight };
  }

  /** Where each clip lies: [{which, viewport, clip}]. */
  places(mode, swipe, source) {
    return layout(mode, this.area, swipe).map((place) => ({
      ...place,
      viewport: new Viewport(source, fit(source.w, source.h, place.area)),
    }));
  }

  /**
   * Paint the frames of the clips and what lies over them.
   * @param places from `places`; @param clips which -> Clip; @param size of the frame, its pixels
   */
  paint(places, clips, size, paintOver) {
    const { context } = this;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    for (const place of places) {
      context.save();
      const edge = place.clip ?? place.area;
      context.beginPath();
      context.rect(edge.x, edge.y, edge.w, edge.h);
      context.clip();
      clips[place.which]?.withFrame((picture) => this.#paintFrame(picture, place.viewport, size));
      paintOver(context, place);
      context.restore();
    }
  }

  #paintFrame(picture, { source, target }, size) {
    const across = (picture.displayWidth ?? picture.videoWidth) / size.w;
    const down = (picture.displayHeight ?? picture.videoHeight) / size.h;
    this.context.drawImage(
      picture, source.x * across, source.y * down, source.w * across, source.h * down,
      target.x, target.y, target.w, target.h,
    );
  }
}

/** Paint one box with its name; a repaired one is dashed, so that colour is not all that tells. */
export function paintBox(context, viewport, { box, track, label, dashed, colour, selected }) {
  const [x0, y0, x1, y1] = viewport.toScreen(box);
  const paint = colour ?? trackColour(track);
  context.lineWidth = selected ? 3 : 2;
  context.strokeStyle = paint;
  context.setLineDash(dashed ? [6, 4] : []);
  context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  context.setLineDash([]);
  if (!label) return;
  context.font = "12px ui-monospace, 'DejaVu Sans Mono', monospace";
  const width = context.measureText(label).width + 8;
  const top = y0 - 17 < viewport.target.y ? y0 : y0 - 17;
  context.fillStyle = paint;
  context.fillRect(x0 - 1, top, width, 17);
  context.fillStyle = "#101418";
  context.fillText(label, x0 + 3, top + 13);
}
