// Which part of a frame is shown where on the screen.

/** The largest rectangle of a shape that fits into an area, in its middle. */
export function fit(width, height, area) {
  const scale = Math.min(area.w / width, area.h / height);
  const w = width * scale;
  const h = height * scale;
  return { x: area.x + (area.w - w) / 2, y: area.y + (area.h - h) / 2, w, h };
}

export class Viewport {
  /** @param source part of the frame, frame pixels; @param target where it lies, screen pixels */
  constructor(source, target) {
    this.source = source;
    this.target = target;
    this.scale = target.w / source.w;
  }

  toScreen([x0, y0, x1, y1]) {
    const x = (value) => this.target.x + (value - this.source.x) * this.scale;
    const y = (value) => this.target.y + (value - this.source.y) * this.scale;
    return [x(x0), y(y0), x(x1), y(y1)];
  }

  toFrame(x, y) {
    return [
      this.source.x + (x - this.target.x) / this.scale,
      this.source.y + (y - this.target.y) / this.scale,
    ];
  }

  /** The part of a frame after zooming around a point of the screen; never outside the frame. */
  zoomed(factor, x, y, limits) {
    const w = Math.min(Math.max(this.source.w / factor, limits.w / 16), limits.w);
    const h = (w * this.source.h) / this.source.w;
    const [fx, fy] = this.toFrame(x, y);
    return inside(
      { x: fx - ((x - this.target.x) / this.target.w) * w, y: fy - ((y - this.target.y) / this.target.h) * h, w, h },
      limits,
    );
  }

  moved(dx, dy, limits) {
    const { x, y, w, h } = this.source;
    return inside({ x: x - dx / this.scale, y: y - dy / this.scale, w, h }, limits);
  }
}

function inside(part, limits) {
  const w = Math.min(part.w, limits.w);
  const h = Math.min(part.h, limits.h);
  return {
    x: Math.min(Math.max(part.x, limits.x), limits.x + limits.w - w),
    y: Math.min(Math.max(part.y, limits.y), limits.y + limits.h - h),
    w,
    h,
  };
}

/** The areas of original and copy on a canvas, and what is cut off each. */
export function layout(mode, area, swipe) {
  const half = { ...area, w: area.w / 2 };
  if (mode === "side") return [{ which: "original", area: half }, { which: "copy", area: { ...half, x: area.x + half.w } }];
  if (mode === "swipe") {
    const edge = area.x + area.w * swipe;
    return [
      { which: "original", area, clip: { ...area, w: edge - area.x } },
      { which: "copy", area, clip: { ...area, x: edge, w: area.x + area.w - edge } },
    ];
  }
  return [{ which: mode, area }];
}
