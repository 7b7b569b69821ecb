// The canvas: frame and boxes are painted together, so that they always belong to each other.
import { trackColour } from "./dom.js";
import { placeLabels } from "./model/labels.js";
import { fit, layout, Viewport } from "./model/viewport.js";

export class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.ratio = 1;
  }

  /** Whether the size on the screen is known: to ask for it while one paints would lay the page out again. */
  get isMeasured() {
    return this.ratio === (globalThis.devicePixelRatio || 1) && Boolean(this.area);
  }

  /** Adapt to the size on the screen; setting a canvas's size clears it. */
  resize() {
    this.ratio = globalThis.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    this.area = { x: 0, y: 0, w: clientWidth, h: clientHeight };
    const [width, height] = [Math.round(clientWidth * this.ratio), Math.round(clientHeight * this.ratio)];
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
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
    context.fillRect(0, 0, this.area.w, this.area.h);
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
    const across = (picture.displayWidth ?? (picture.videoWidth || picture.width)) / size.w;
    const down = (picture.displayHeight ?? (picture.videoHeight || picture.height)) / size.h;
    this.context.drawImage(
      picture, source.x * across, source.y * down, source.w * across, source.h * down,
      target.x, target.y, target.w, target.h,
    );
  }
}

/** Height of a name of a box, screen pixels. */
const NAME_PX = 17;

/**
 * Paint boxes and then their names; a repaired one is dashed, so that colour is not all that tells.
 * @param place where the picture lies, from `places`
 * @param boxes [{box, track, label, dashed, colour, selected}], the last ones on top
 */
export function paintBoxes(context, { viewport, clip }, boxes) {
  const area = common(viewport.target, clip ?? viewport.target);
  const shown = boxes.toSorted((a, b) => Boolean(a.selected) - Boolean(b.selected))
    .map((each) => ({ ...each, box: viewport.toScreen(each.box), paint: each.colour ?? trackColour(each.track) }));
  context.save();
  context.beginPath();
  context.rect(area.x, area.y, area.w, area.h);
  context.clip();
  for (const each of shown) paintEdges(context, each);
  paintNames(context, area, shown.filter((each) => each.label).toReversed());
  context.restore();
}

/** Paint a picture over a part of the frame, given in its pixels as x, y, w and h. */
export function paintInto(context, { viewport, clip }, { x, y, w, h }, picture) {
  const area = common(viewport.target, clip ?? viewport.target);
  const [left, top, right, bottom] = viewport.toScreen([x, y, x + w, y + h]);
  context.save();
  context.beginPath();
  context.rect(area.x, area.y, area.w, area.h);
  context.clip();
  context.drawImage(picture, left, top, right - left, bottom - top);
  context.restore();
}

function common(a, b) {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  return { x, y, w: Math.max(0, Math.min(a.x + a.w, b.x + b.w) - x), h: Math.max(0, Math.min(a.y + a.h, b.y + b.h) - y) };
}

function paintEdges(context, { box: [x0, y0, x1, y1], paint, dashed, selected }) {
  const stroke = (colour, width) => {
    Object.assign(context, { strokeStyle: colour, lineWidth: width });
    context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  };
  if (selected) stroke("#101418", 5);
  context.setLineDash(dashed ? [6, 4] : []);
  stroke(paint, selected ? 3 : 2);
  context.setLineDash([]);
}

function paintNames(context, area, boxes) {
  context.font = "12px ui-monospace, 'DejaVu Sans Mono', monospace";
  const named = boxes.map((each) => ({ ...each, width: context.measureText(each.label).width + 8 }));
  placeLabels(named, area, NAME_PX).forEach((corner, at) => {
    if (!corner) return;
    const [x, y] = corner;
    context.fillStyle = named[at].paint;
    context.fillRect(x, y, named[at].width, NAME_PX);
    context.fillStyle = "#101418";
    context.fillText(named[at].label, x + 4, y + 13);
  });
}
