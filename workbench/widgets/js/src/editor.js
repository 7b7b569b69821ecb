// The box editor: the player, with tracks that can be changed, and their list beside it.
import { Canvas } from "./editor_canvas.js";
import { EditorPanel } from "./editor_panel.js";
import { element } from "./dom.js";
import { fromCorrections, toCorrections } from "./model/corrections.js";
import { isStep, middleBox, stepped } from "./model/geometry.js";
import { History } from "./model/history.js";
import { actionOf, EDITOR_KEYS, PLAYER_KEYS } from "./model/keys.js";
import { afterTheirs, changesBetween, isChangedTwice, withChanges } from "./model/merging.js";
import { problemPhrase, problemText } from "./model/problems.js";
import { Saving } from "./model/saving.js";
import * as tracks from "./model/tracks.js";
import { Player } from "./player.js";

export class Editor {
  constructor(model, root, { keyTables = [] } = {}) {
    this.model = model;
    this.root = root;
    /** Tells this page from others that show the same widget. */
    this.view = crypto.getRandomValues(new Uint32Array(1))[0].toString(16);
    this.selected = null;
    this.mode = "select";
    /** What Enter makes a box of while one is drawn; null: nothing is drawn. */
    this.draftBox = null;
    /** Where such a box begins. */
    this.startBox = () => middleBox(this.player.source ?? this.player.size);
    /** The first and last frame of a new box; null: the frame that is shown. */
    this.span = () => null;
    root.classList.add("wb-editor");
    this.playerRoot = element("div");
    root.append(this.playerRoot);
    this.player = new Player(model, this.playerRoot, { keyTables: [...keyTables, PLAYER_KEYS, EDITOR_KEYS] });
    this.say = this.player.say;
    this.playerRoot.setAttribute("aria-label", this.say("editor"));
    this.saving = new Saving((revision) => this.#send(revision), () => this.panel?.showSaving());
    this.panel = new EditorPanel(this);
    root.append(this.panel.root);
    this.canvas = new Canvas(this);
    this.player.onKey = (event) => this.act(actionOf(event, EDITOR_KEYS), event);
    this.panel.root.addEventListener("keydown", (event) => this.player.pressed(event));
    model.on("change:boxes", () => this.#readTracks());
    model.on("msg:custom", (message) => this.#receive(message));
    this.load();
  }

  /** Begin with what the program found and what was corrected before. */
  load() {
    /** Corrections as the program has them, which of its lists that is, and what was sent, by its number. */
    Object.assign(this, { known: this.model.get("corrections"), base: 0, sent: new Map() });
    this.player.readBoxes();
    this.found = tracks.automatic(this.player.table);
    /** document -> the frame that was shown when it was made */
    this.madeAt = new WeakMap();
    this.history = new History(fromCorrections(this.known, tracks.emptyDocument(this.found)));
    this.player.threshold = this.model.get("threshold");
    this.#refresh();
  }

  #readTracks() {
    this.player.readBoxes();
    this.found = tracks.automatic(this.player.table);
    this.#refresh();
  }

  /** Take over what others changed; what this person changed since, and can undo, is kept. */
  #rebase({ base, corrections: theirs, by }) {
    const before = this.#rows(this.document);
    const isOfBoth = isChangedTwice(changesBetween(this.known, before), changesBetween(this.known, theirs));
    const { known, found } = this;
    this.history.map((document) => {
      const mine = changesBetween(known, this.#rows(document));
      const after = afterTheirs(mine, known, theirs, found.free);
      // the number that is selected may be another person's now
      if (after !== mine) this.selected = null;
      const rebased = this.#document(withChanges(theirs, after), document);
      this.madeAt.set(rebased, this.madeAt.get(document));
      return rebased;
    });
    Object.assign(this, { known: theirs, base, sent: new Map() });
    const { added, dropped } = changesBetween(before, this.#rows(this.document));
    const count = Math.max(added.length, dropped.length);
    if (count) this.hint(this.say(isOfBoth ? "mergedBoth" : "merged", { count, who: by.join(", ") || this.say("colleague") }));
    // what was sent before knew nothing of theirs
    if (this.saving.pending) this.saving.changed(this.history.revision);
    this.#refresh();
  }

  /** What the program has not confirmed; null: nothing. */
  get draft() {
    return this.saving.pending ? changesBetween(this.known, this.#rows(this.document)) : null;
  }

  /** Change what a draft says; returns whether that changes anything. */
  restore(draft) {
    const rows = this.#rows(this.document);
    const { added, dropped } = changesBetween(rows, withChanges(rows, draft));
    if (!added.length && !dropped.length) return false;
    this.change(this.#document(withChanges(rows, draft), this.document));
    return true;
  }

  get corrections() {
    return this.#rows(this.document);
  }

  #rows(document) {
    return toCorrections(document, this.player.size, `${this.model.get("session")}-${this.view}`);
  }

  #document(rows, { keys, next }) {
    return fromCorrections(rows, { ...tracks.emptyDocument(this.found), keys, next });
  }

  get document() {
    return this.history.present;
  }

  get frame() {
    return Math.max(this.player.frame, 0);
  }

  get table() {
    return this.player.table;
  }

  boxAt(track) {
    return tracks.boxOf(this.document, this.table, track, this.frame);
  }

  /** Make another document the present one; it is saved by itself. */
  change(document) {
    if (!this.history.push(document)) return;
    this.madeAt.set(document, this.frame);
    this.saving.changed(this.history.revision);
    this.#refresh();
  }

  #refresh() {
    this.panel?.refresh();
    this.player.paint();
  }

  select(track) {
    if (this.mode === "merge" && this.selected !== null && track !== null && track !== this.selected) {
      const from = this.selected;
      this.selected = track;
      this.setMode("select");
      this.change(tracks.merge(this.document, this.found, from, track));
      return;
    }
    this.selected = track;
    this.#refresh();
  }

  get isDrawing() {
    return this.mode === "draw" || this.mode === "zone";
  }

  setMode(mode) {
    this.mode = mode;
    this.draftBox = this.isDrawing ? this.startBox() : null;
    // keys move and size the box from wherever drawing began
    if (this.isDrawing) this.player.root.focus({ preventScroll: true });
    const hints = { draw: "drawing", zone: "drawingZone", merge: "merging" };
    this.hint(hints[mode] ? this.say(hints[mode]) : "");
    this.#refresh();
  }

  hint(text) {
    this.panel.hint.textContent = text;
  }

  // ---- actions

  /** Do what a key or a button names; returns whether it is one of the editor's. */
  act(action, event = {}) {
    if (!(action in EDITOR_KEYS) || (action === "take" && !this.draftBox)) return false;
    if (!this.draftBox) this.hint("");
    if (action === "take") this.drawn(this.draftBox);
    else if (isStep(action)) this.#step(action, event.shiftKey ? 10 : 1);
    else this.#free(action) ?? this.#onTrack(action);
    return true;
  }

  /** Actions that need no track; null for the others. */
  #free(action) {
    const actions = {
      draw: () => this.setMode("draw"),
      zone: () => this.setMode("zone"),
      cancel: () => this.setMode("select"),
      undo: () => this.#move("undo"),
      redo: () => this.#move("redo"),
      nextTrack: () => this.#nextTrack(),
    };
    if (!actions[action]) return null;
    this.player.pause();
    actions[action]();
    return true;
  }

  /** Undo or redo, and show the frame on which that was done. */
  #move(way) {
    const undone = this.document;
    if (!this.history[way]()) return;
    const frame = this.madeAt.get(way === "undo" ? undone : this.document) ?? this.frame;
    if (frame !== this.frame) this.player.show(frame);
    this.saving.changed(this.history.revision);
    this.#refresh();
  }

  #nextTrack() {
    const here = tracks.boxesAt(this.document, this.table, this.frame).map((each) => each.track);
    const ids = here.length ? [...new Set(here)].sort((a, b) => a - b) : tracks.trackIds(this.document, this.found);
    this.select(ids[(ids.indexOf(this.selected) + 1) % ids.length] ?? null);
  }

  #onTrack(action) {
    this.player.pause();
    const { document, table, found, selected, frame } = this;
    if (typeof selected === "string") {
      if (action === "remove") this.change(tracks.removeZone(document, this.zoneKey(selected)));
      return;
    }
    if (selected === null) {
      this.hint(this.say("chooseTrack"));
      return;
    }
    const actions = {
      remove: () => this.change(tracks.removeTrack(document, found, selected)),
      keyframe: () => this.change(tracks.toggleKeyframe(document, table, found, selected, frame)),
      occluded: () => this.change(tracks.toggleOccluded(document, table, found, selected, frame)),
      outside: () => this.change(tracks.outside(document, found, selected, frame)),
      propagate: () => this.change(tracks.propagate(document, table, found, selected, frame, this.panel.count, this.player.index.length)),
      split: () => this.#split(),
      merge: () => this.setMode("merge"),
      nextKeyframe: () => this.#toKeyframe((each) => each > frame, 0),
      previousKeyframe: () => this.#toKeyframe((each) => each < frame, -1),
      followForward: () => this.#follow("forward"),
      followBack: () => this.#follow("back"),
    };
    if (["keyframe", "occluded", "outside", "propagate"].includes(action) && !this.boxAt(selected)) this.hint(this.say("notHere"));
    else actions[action]();
  }

  zoneKey(selected) {
    return this.document.zones.find((zone) => `zone ${zone.key}` === selected)?.key;
  }

  #split() {
    const [document, track] = tracks.split(this.document, this.found, this.selected, this.frame);
    this.selected = track;
    this.change(document);
  }

  #toKeyframe(wanted, at) {
    const frame = tracks.keyframesOf(this.document, this.selected).filter(wanted).at(at);
    if (frame !== undefined) this.player.show(frame);
  }

  #step(action, pixels) {
    if (this.draftBox) {
      this.draftBox = stepped(this.draftBox, action, pixels, this.player.size);
      this.player.paint();
      return;
    }
    const shown = typeof this.selected === "number" ? this.boxAt(this.selected) : null;
    if (!shown) {
      this.hint(this.say(this.selected === null ? "chooseTrack" : "notHere"));
      return;
    }
    this.player.pause();
    this.setBox(stepped(shown.box, action, pixels, this.player.size));
  }

  setBox(box) {
    this.change(tracks.setBox(this.document, this.found, this.selected, this.frame, box));
  }

  /** A box that was drawn: a new track, or a zone. */
  drawn(box) {
    const { document: before } = this;
    if (this.mode === "zone") this.change(tracks.addZone(this.document, box, this.player.index.length));
    else {
      const [from, to] = this.span() ?? [this.frame, this.frame];
      const [document, track] = tracks.addSpan(this.document, this.table, this.found, from, to, box);
      this.selected = track;
      this.change(document);
    }
    this.setMode("select");
    if (this.document !== before) this.hint(this.say("boxPlaced"));
  }

  #follow(direction) {
    const shown = this.boxAt(this.selected);
    if (!shown || !this.model.get("can_follow")) return;
    this.model.send({ kind: "follow", direction, track: this.selected, frame: this.frame, box: shown.box });
  }

  // ---- Python

  #send(revision) {
    const { corrections } = this;
    this.sent.set(revision, corrections);
    try {
      this.model.send({ kind: "save", view: this.view, revision, base: this.base, corrections });
    } catch {
      // the connection is gone; `Saving` tries again
    }
  }

  #receive(message) {
    if (message.kind === "rebase") this.#rebase(message);
    if (message.view === this.view && message.kind === "saved") this.#saved(message);
    if (message.view === this.view && message.kind === "refused") this.saving.refused(message.revision, problemPhrase(this.say, message.problem));
    if (message.kind === "failed") this.hint(problemText(this.say, message.problem));
    if (message.kind === "followed") this.#followed(message);
  }

  #saved({ revision, base, at }) {
    if (base !== this.base) return;
    this.known = this.sent.get(revision) ?? this.known;
    for (const each of this.sent.keys()) if (each <= revision) this.sent.delete(each);
    this.saving.saved(revision, at);
  }

  #followed({ track, boxes }) {
    let { document } = this;
    for (const [frame, ...box] of boxes) document = tracks.setBox(document, this.found, track, frame, box);
    this.change(document);
  }

  close() {
    this.saving.close();
    this.player.close();
  }
}

function render({ model, el }) {
  const editor = new Editor(model, el);
  // what is to be found is what the copy shows
  if (editor.player.has("copy")) editor.player.setMode("copy");
  el.player = editor.player;
  el.editor = editor;
  const warn = (event) => editor.saving.pending && event.preventDefault();
  addEventListener("beforeunload", warn);
  return () => {
    removeEventListener("beforeunload", warn);
    editor.close();
  };
}

export default { render };
