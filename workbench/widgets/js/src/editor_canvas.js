// Boxes under the hand: choose, draw, move, resize; by mouse, pen or finger.
import { dragged, partAt, tidy } from "./model/geometry.js";
import { boxesAt } from "./model/tracks.js";
import { isShown } from "./model/box_table.js";

const CURSORS = { n: "ns-resize", s: "ns-resize", e: "ew-resize", w: "ew-resize", nw: "nwse-resize", se: "nwse-resize", ne: "nesw-resize", sw: "nesw-resize", move: "move" };
/** How near an edge counts, screen pixels; fingers need more. */
const REACH_PX = { mouse: 7, pen: 10, touch: 22 };

export class Canvas {
  constructor(editor) {
    this.editor = editor;
    this.player = editor.player;
    this.drag = null;
    this.player.boxesAt = (frame) => this.#boxes(frame);
    this.player.marksAt = (frame) => this.#marks(frame);
    this.player.paintOver = (context, viewport, frame) => this.#paintOver(context, viewport, frame);
    const { canvas } = this.player;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#moved(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", () => this.#cancel());
  }

  #boxes(frame) {
    const { editor, player } = this;
    const threshold = player.model.get("threshold");
    const shown = boxesAt(editor.document, editor.table, frame).filter((row) => isShown(row, threshold));
    return shown.map((row) => {
      const selected = row.track === editor.selected;
      const box = selected && this.drag?.box ? this.drag.box : row.box;
      const described = player.describe(row);
      const marks = `${row.keyframe ? " ◆" : ""}${row.occluded ? " ◌" : ""}`;
      return { ...row, ...described, label: described.label + marks, dashed: described.dashed || row.occluded, box, selected };
    });
  }

  /** Zones, and the box that is drawn. */
  #marks(frame) {
    const { document, selected, say, draftBox, mode } = this.editor;
    const zones = document.zones.filter((zone) => zone.first <= frame && frame <= zone.last)
      .map((zone) => ({ box: zone.box, label: say("zone"), dashed: true, colour: "#ffc24b", selected: selected === `zone ${zone.key}` }));
    const drawn = this.drag?.draft ?? draftBox;
    const draft = drawn && tidy(drawn, this.player.size);
    return draft ? [...zones, { box: draft, label: say(mode), colour: "#4cc2ff", selected: true }] : zones;
  }

  #paintOver(context, viewport, frame) {
    const own = this.#boxes(frame).find((each) => each.selected);
    if (own) this.#paintHandles(context, viewport.toScreen(own.box));
  }

  #paintHandles(context, [x0, y0, x1, y1]) {
    const [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2];
    context.fillStyle = "#e8edf2";
    context.strokeStyle = "#101418";
    context.lineWidth = 1;
    for (const [x, y] of [[x0, y0], [mx, y0], [x1, y0], [x0, my], [x1, my], [x0, y1], [mx, y1], [x1, y1]]) {
      context.fillRect(x - 4, y - 4, 8, 8);
      context.strokeRect(x - 4, y - 4, 8, 8);
    }
  }

  /** Where a pointer is, in pixels of the frame; null outside the frame. */
  #place(event) {
    const { offsetX: x, offsetY: y } = event;
    const place = this.player.places?.find(({ viewport: { target } }) => x >= target.x && x <= target.x + target.w && y >= target.y && y <= target.y + target.h);
    if (!place && !this.drag) return null;
    const viewport = place?.viewport ?? this.drag.viewport;
    const [fx, fy] = (this.drag?.viewport ?? viewport).toFrame(x, y);
    return { x: fx, y: fy, reach: REACH_PX[event.pointerType] / viewport.scale || 7, viewport };
  }

  /** The box under a point: the selected one first, then the smallest. */
  #hit({ x, y, reach }) {
    const area = ({ box }) => (box[2] - box[0]) * (box[3] - box[1]);
    const boxes = this.#boxes(this.editor.frame).sort((a, b) => b.selected - a.selected || area(a) - area(b));
    for (const row of boxes) {
      const part = partAt(row.box, x, y, reach);
      if (part) return { row, part };
    }
    const zone = this.editor.document.zones.find((each) => partAt(each.box, x, y, 0));
    return zone ? { zone } : null;
  }

  #down(event) {
    this.player.root.focus({ preventScroll: true });
    const place = this.#place(event);
    if (!place || event.button > 0) return;
    this.player.pause();
    this.player.canvas.setPointerCapture(event.pointerId);
    const { editor } = this;
    if (editor.isDrawing) {
      this.drag = { ...place, draft: [place.x, place.y, place.x, place.y] };
      return;
    }
    const hit = this.#hit(place);
    editor.select(hit?.row ? hit.row.track : hit?.zone ? `zone ${hit.zone.key}` : null);
    this.drag = hit?.row ? { ...place, part: hit.part, start: hit.row.box } : { ...place, pan: this.player.source, last: event };
  }

  #moved(event) {
    const place = this.#place(event);
    if (!place) return;
    if (!this.drag) {
      const hit = this.editor.mode === "select" ? this.#hit(place) : null;
      this.player.canvas.style.cursor = this.editor.mode === "select" ? CURSORS[hit?.part] ?? "default" : "crosshair";
      return;
    }
    const [dx, dy] = [place.x - this.drag.x, place.y - this.drag.y];
    const { size } = this.player;
    if (this.drag.draft) this.drag.draft = [this.drag.x, this.drag.y, place.x, place.y];
    else if (this.drag.part) this.drag.box = dx || dy ? dragged(this.drag.start, this.drag.part, dx, dy, size) : null;
    else this.#pan(event);
    this.player.paint();
  }

  #pan(event) {
    const { last, viewport } = this.drag;
    this.player.source = viewport.moved(event.offsetX - last.offsetX, event.offsetY - last.offsetY, this.player.size);
  }

  #up() {
    const { drag } = this;
    this.drag = null;
    if (drag?.draft) {
      const box = tidy(drag.draft, this.player.size);
      if (box) this.editor.drawn(box);
    } else if (drag?.box) this.editor.setBox(drag.box);
    this.player.paint();
  }

  #cancel() {
    this.drag = null;
    this.player.paint();
  }
}
