// The picture of a recording, and a tile for each source: before the first picture, the layout.
import { element } from "./dom.js";
import { pictureNote, spoken } from "./model/recording.js";

export class RecordPicture {
  constructor(say) {
    this.say = say;
    this.canvas = element("canvas", { class: "wb-live", role: "img", "aria-label": say("rec_preview"), hidden: true });
    this.plan = element("div", { class: "wb-plan", role: "img", "aria-label": say("rec_layout") });
    this.note = element("p", { class: "wb-picture-note" });
    this.root = element("div", { class: "wb-picture" }, this.plan, this.canvas, this.note);
    this.tiles = element("ul", { class: "wb-tiles" });
    this.clears = 0;
  }

  /** Show the layout of a room (null: not known), and its sources without a state. */
  showLayout(room) {
    this.layout = room?.layout ?? null;
    const { layout } = this;
    this.clear();
    this.tellAge(null);
    this.root.style.setProperty("--wb-shape", layout ? `${layout.width} / ${layout.height}` : "16 / 9");
    const part = (kind) => ({ name, place: [x, y, width, height] }) => element("div", { class: `wb-part-of-plan wb-plan-${kind}`, style: `left:${(100 * x) / layout.width}%;top:${(100 * y) / layout.height}%;width:${(100 * width) / layout.width}%;height:${(100 * height) / layout.height}%` }, element("span", {}, spoken(name)));
    this.plan.replaceChildren(...(layout ? [...layout.views.map(part("view")), ...layout.panels.map(part("panel"))] : []));
    const names = layout ? [...new Set(layout.views.map(({ source }) => source)), ...(room.has_audio ? ["sound"] : [])] : [];
    this.#place(names);
    for (const name of names) this.#tell(name, "wait", this.say("rec_waits"), "");
  }

  /** Forget the picture: what comes next is another recording's, or nothing. */
  clear() {
    this.clears += 1;
    this.cameAt = null;
    this.canvas.hidden = true;
    this.plan.hidden = false;
  }

  /** Say how old the picture is where it is not of now; null: none is awaited. */
  tellAge(isBehind) {
    const seconds = this.cameAt === null ? null : (performance.now() - this.cameAt) / 1000;
    const note = isBehind === null ? null : pictureNote(seconds, isBehind);
    this.note.hidden = !note;
    const words = note ? this.say(note.say, note) : "";
    if (this.note.textContent !== words) this.note.textContent = words;
    this.root.dataset.picture = this.tiles.dataset.picture = seconds === null ? "none" : note ? "old" : "new";
  }

  #place(names) {
    this.made = Object.fromEntries(names.map((name) => [name, this.#tile(name)]));
    this.tiles.replaceChildren(...Object.values(this.made).map(({ root }) => root));
  }

  #tile(name) {
    const view = this.layout?.views.find(({ source }) => source === name);
    const canvas = view ? element("canvas", { "aria-hidden": "true", width: 256, height: 144 }) : null;
    const sign = element("span", { class: "wb-sign", "aria-hidden": "true" });
    const word = element("span", {});
    const more = element("span", { class: "wb-muted" });
    const root = element("li", { class: "wb-tile", "data-source": name }, canvas, element("div", { class: "wb-tile-text" }, element("b", {}, spoken(name)), element("span", { class: "wb-health" }, sign, word), more));
    return { root, canvas, sign, word, more, view };
  }

  #tell(name, health, word, more) {
    const tile = this.made[name];
    if (tile.root.dataset.health !== health) {
      tile.root.dataset.health = health;
      tile.sign.textContent = { good: "●", slow: "◐", lost: "▲", wait: "○" }[health];
    }
    if (tile.word.textContent !== word) tile.word.textContent = word;
    if (tile.more.textContent !== more) tile.more.textContent = more;
  }

  /** Show how each source is. */
  tellHealth(sources, { rates, slow }) {
    const names = sources.map(({ name }) => name);
    if (names.join() !== Object.keys(this.made).join()) this.#place(names);
    for (const { name, is_present: isPresent, is_starved: isStarved, frame_rate: promised } of sources) {
      const hasRate = isPresent && this.made[name].view && name in rates;
      const isSlow = slow.includes(name);
      const count = hasRate ? rates[name].toFixed(0) : "";
      const more = hasRate ? this.say(isSlow ? "rec_perSecondOf" : "rec_perSecond", { count, promised: promised?.toFixed(0) }) : "";
      const [health, word] = !isPresent ? ["lost", isStarved ? "rec_tooBusy" : "rec_noSignal"] : isSlow ? ["slow", "rec_slowSignal"] : ["good", "rec_signal"];
      this.#tell(name, health, this.say(word), more);
    }
  }

  /** Show a preview of the composite, and in each tile the source's part of it. */
  async show(blob) {
    const { canvas, layout, clears } = this;
    const picture = await createImageBitmap(blob);
    if (clears !== this.clears) return picture.close();
    if (canvas.width !== picture.width || canvas.height !== picture.height) Object.assign(canvas, { width: picture.width, height: picture.height });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    canvas.hidden = false;
    this.plan.hidden = true;
    this.cameAt = performance.now();
    this.tellAge(false);
    const scale = layout ? picture.width / layout.width : 0;
    for (const { canvas: small, view } of Object.values(this.made)) {
      if (!small) continue;
      const [x, y, width, height] = view.place.map((each) => each * scale);
      const fit = Math.min(small.width / width, small.height / height);
      const [wide, high] = [width * fit, height * fit];
      small.getContext("2d").drawImage(picture, x, y, width, height, (small.width - wide) / 2, (small.height - high) / 2, wide, high);
    }
    picture.close();
  }
}
