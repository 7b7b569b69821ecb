// Beside the video: what was saved, the actions, the tracks.
import { element, shownKey, trackColour, withhold, wordButton } from "./dom.js";
import { clock } from "./model/frame_index.js";
import { EDITOR_KEYS } from "./model/keys.js";
import { shareTraits } from "./model/sharing.js";
import { keyframesOf, life, trackIds, trackOf } from "./model/tracks.js";

const TOOLS = [
  "undo", "redo", "draw", "zone", "keyframe", "occluded", "outside", "propagate", "split", "merge",
  "followBack", "followForward", "remove",
];

export class EditorPanel {
  constructor(editor) {
    this.editor = editor;
    this.say = editor.say;
    this.root = element("section", { class: "wb-widget wb-panel", "aria-label": this.say("tracks"), "data-lm-suppress-shortcuts": "true" });
    this.saved = element("p", { class: "wb-saved", role: "status" });
    this.hint = element("p", { class: "wb-hint", role: "status" });
    this.list = element("div", { class: "wb-tracks", role: "listbox", "aria-label": this.say("tracks"), tabindex: 0, onkeydown: (event) => this.#listKey(event) });
    this.root.append(this.saved, this.#tools(), this.#settings(), this.hint, element("h2", {}, this.say("tracks")), this.list);
    this.showSaving();
  }

  get count() {
    return Math.max(1, Math.round(Number(this.countInput.value)) || 1);
  }

  #tools() {
    this.buttons = {};
    const bar = element("div", { class: "wb-tools wb-edit-tools", role: "toolbar", "aria-label": this.say("editor") });
    for (const action of TOOLS) {
      if (action.startsWith("follow") && !this.editor.model.get("can_follow")) continue;
      this.buttons[action] = wordButton(this.say(action, { count: "N" }), shownKey(EDITOR_KEYS[action][0]), () => this.editor.act(action));
      bar.append(this.buttons[action]);
    }
    return bar;
  }

  #settings() {
    const { model } = this.editor;
    const { say } = this;
    const shown = element("output", {}, say.number(model.get("threshold"), 2));
    const threshold = element("input", {
      type: "range", min: 0, max: 1, step: 0.01, value: model.get("threshold"),
      oninput: (event) => {
        shown.textContent = say.number(Number(event.target.value), 2);
        model.set("threshold", Number(event.target.value));
        shareTraits(model);
      },
    });
    this.countInput = element("input", { type: "number", min: 1, max: 100000, value: 25 });
    return element(
      "div", { class: "wb-settings" },
      element("label", {}, this.say("threshold"), " ", threshold, shown),
      element("label", {}, this.say("propagateCount"), " ", this.countInput),
    );
  }

  showSaving() {
    const { saving, history } = this.editor;
    const count = history ? saving.revision - saving.savedRevision : 0;
    const time = saving.at ? new Date(saving.at).toTimeString().slice(0, 8) : "";
    this.saved.textContent = this.say(saving.state, { time, count, message: saving.message });
    this.saved.dataset.state = saving.state;
  }

  refresh() {
    const { editor } = this;
    const { history } = editor;
    withhold(this.buttons.undo, history.past.length ? "" : this.say("nothingToUndo"));
    withhold(this.buttons.redo, history.future.length ? "" : this.say("nothingToRedo"));
    for (const mode of ["draw", "zone", "merge"]) this.buttons[mode].setAttribute("aria-pressed", editor.mode === mode);
    this.showSaving();
    this.#listLater();
  }

  /** The picture comes first: an hour has thousands of tracks. */
  #listLater() {
    if (this.rows) this.#list();
    else this.begun ??= requestAnimationFrame(() => setTimeout(() => this.#list()));
  }

  #list() {
    const { document, found } = this.editor;
    const before = this.rows ?? new Map();
    this.rows = new Map();
    // an hour has thousands of tracks: what did not change stays
    const rows = [
      ...trackIds(document, found).map((id) => this.#kept(before, id, [document.tracks[id], life(document, found, id)], () => this.#track(id))),
      ...document.zones.map((zone, at) => this.#kept(before, `zone ${zone.key}`, [zone, at], () => this.#zone(zone, at + 1))),
    ];
    const empty = element("p", { class: "wb-empty" }, this.say("noTracks"));
    this.list.hidden = rows.length === 0;
    this.#show(rows);
    this.root.querySelector(".wb-empty")?.remove();
    if (!rows.length) this.root.append(empty);
  }

  /** Put rows into the list; those that are there stay there. */
  #show(rows) {
    const there = [...this.list.children];
    const changed = rows.filter((row, at) => row !== there[at]);
    if (rows.length !== there.length || changed.some((row) => row.isConnected)) this.list.replaceChildren(...rows);
    else rows.forEach((row, at) => row !== there[at] && there[at].replaceWith(row));
  }

  #track(id) {
    const { document, found, player } = this.editor;
    const [from, to] = life(document, found, id);
    const times = [from, to].map((frame) => clock(player.index.seconds[frame] ?? 0, 0)).join(" – ");
    const keys = keyframesOf(document, id).length;
    const marks = [keys ? `◆ ${keys}` : "", trackOf(document, id).lifted.length ? "✎" : ""].filter(Boolean).join(" ");
    return this.#row(id, trackColour(id), this.say("track", { id }), times, marks, () => player.show(Math.min(Math.max(this.editor.frame, from), to)));
  }

  #zone(zone, number) {
    return this.#row(`zone ${zone.key}`, "#ffc24b", this.say("zoneName", { id: number }), "", "", () => {});
  }

  /** The row that was there before, if all that it shows is the same. */
  #kept(before, id, parts, make) {
    const shows = [...parts, id === this.editor.selected];
    const known = before.get(id);
    const isSame = known && shows.every((each, at) => each === known.shows[at]);
    const kept = isSame ? known : { shows, row: make() };
    this.rows.set(id, kept);
    return kept.row;
  }

  #row(id, colour, name, times, marks, choose) {
    const chosen = id === this.editor.selected;
    return element(
      "div", {
        class: "wb-track", role: "option", "aria-selected": String(chosen), "data-id": id,
        onclick: () => {
          this.editor.select(id);
          choose();
        },
      },
      element("i", { class: "wb-swatch", style: `background:${colour}` }), element("span", { class: "wb-grow" }, name),
      element("span", { class: "wb-muted" }, marks), element("span", { class: "wb-muted" }, times),
    );
  }

  #listKey(event) {
    if (event.key !== "Enter" && event.key !== "PageDown" && event.key !== "PageUp") return;
    const rows = [...this.list.children];
    const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
    const next = event.key === "Enter" ? Math.max(at, 0) : at + (event.key === "PageDown" ? 1 : -1);
    rows[Math.min(Math.max(next, 0), rows.length - 1)]?.click();
    event.preventDefault();
    event.stopPropagation();
  }
}
