// The player: what a person sees and presses; `render` is what anywidget calls.
import { Clip } from "./clip.js";
import { button, element, helpDialog, icon, ownsKey, select, shownKey, withhold } from "./dom.js";
import { alignWith, pauseTogether } from "./model/alignment.js";
import { BoxTable, isShown } from "./model/box_table.js";
import { clock, FrameIndex } from "./model/frame_index.js";
import { actionOf, PLAYER_KEYS } from "./model/keys.js";
import { shareTraits } from "./model/sharing.js";
import { speaker } from "./model/words.js";
import { PictureClip } from "./pictures.js";
import { paintBoxes, Stage } from "./stage.js";
import { paintRoom, playRoom, UNTOUCHED } from "./untouched.js";

export const SPEEDS = [0.25, 0.5, 1, 1.5, 2, 4];
const COMPARISONS = ["original", "copy", "side", "swipe", "flicker"];
/** Slower than three flashes a second, which can harm. */
const FLICKER_MS = 600;
const REPORT_MS = 100;

export class Player {
  /** @param options `keyTables` for the help; `without`: actions that are not offered */
  constructor(model, root, { keyTables = [PLAYER_KEYS], without = [] } = {}) {
    this.model = model;
    this.root = root;
    this.say = speaker(model.get("language"));
    this.without = without;
    this.keyTables = keyTables.map((keys) => Object.fromEntries(Object.entries(keys).filter(([action]) => !without.includes(action))));
    this.mode = this.has("original") ? "original" : "copy";
    Object.assign(this, { swipe: 0.5, rate: 1, viewAt: 0, boxesShown: true, clips: {}, reported: 0 });
    /** What an editor puts over, and does first with a key; each may be replaced. */
    this.boxesAt = (frame) => this.tableBoxes(frame);
    this.marksAt = () => [];
    this.paintOver = () => {};
    this.onKey = () => false;
    this.#build();
    this.#listen();
    this.load();
  }

  // ---- building

  #build() {
    const { say } = this;
    this.canvas = element("canvas", { role: "img", "aria-label": say("picture") });
    this.hud = element("div", { class: "wb-hud" });
    this.notice = element("div", { class: "wb-notice", role: "status" });
    this.screen = element("div", { class: "wb-screen" }, this.canvas, this.hud, this.notice);
    this.help = helpDialog(say, this.keyTables);
    this.bar = this.#buildBar();
    this.tools = this.#buildTools();
    this.root.classList.add("wb-widget", "wb-player");
    for (const [name, value] of Object.entries({ tabindex: 0, role: "region", "aria-label": say("player"), "data-lm-suppress-shortcuts": "true" })) {
      this.root.setAttribute(name, value);
    }
    this.root.append(this.screen, this.bar, this.tools, this.help);
    this.stage = new Stage(this.canvas);
  }

  #buildBar() {
    this.position = element("input", {
      type: "range", min: 0, step: 1, value: 0, "aria-label": this.say("position"),
      oninput: (event) => this.show(Number(event.target.value)),
    });
    this.markers = element("div", { class: "wb-markers" });
    return element("div", { class: "wb-bar" }, this.position, this.markers);
  }

  #buildTools() {
    const { say } = this;
    const make = (action) => (this.without.includes(action) ? null : button(action === "help" ? "?" : action, say(action), shownKey(PLAYER_KEYS[action][0]), () => this.act(action)));
    this.playButton = make("play");
    this.camera = make("screenshot");
    this.speed = select(say("speed"), SPEEDS.map((each) => [each, `${each}×`]), (value) => this.setRate(Number(value)));
    this.comparison = select(say("comparison"), this.modes.map((each) => [each, say(each)]), (value) => this.setMode(value));
    this.view = select(say("view"), [], (value) => this.setView(Number(value)));
    this.edge = element("input", {
      type: "range", min: 0, max: 100, value: 50, class: "wb-edge", hidden: true, "aria-label": say("swipeEdge"),
      oninput: (event) => this.#setSwipe(Number(event.target.value) / 100),
    });
    this.speed.value = "1";
    this.comparison.hidden = this.modes.length < 2;
    this.view.hidden = true;
    return element(
      "div", { class: "wb-tools", role: "toolbar", "aria-label": say("player") },
      make("back"), make("previous"), this.playButton, make("next"), make("forward"),
      this.speed, this.comparison, this.edge, this.view, element("span", { class: "wb-grow" }),
      make("boxes"), this.camera, make("full"), make("help"),
    );
  }

  get modes() {
    const both = this.has("original") && this.has("copy");
    const known = both ? COMPARISONS : [this.has("copy") ? "copy" : "original"];
    return this.has("original") && this.has("room") ? [...known, UNTOUCHED] : known;
  }

  /** Whether there is this video, by an address or as pictures. */
  has(which) {
    return Boolean(this.#url(which)) || this.#isPictured(which);
  }

  #url(which) {
    return this.model.get(which === "original" ? "url" : `${which}_url`);
  }

  #isPictured(which) {
    return Boolean(this.model.get("pictured")?.includes(which));
  }

  #listen() {
    this.observer = new ResizeObserver(() => {
      this.stage.resize();
      this.paint();
    });
    this.observer.observe(this.canvas);
    this.root.addEventListener("keydown", (event) => this.pressed(event));
    this.canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    const on = (names, handler) => names.forEach((name) => this.model.on(`change:${name}`, handler));
    on(["url", "copy_url", "room_url", "frame_seconds"], () => this.load());
    on(["boxes"], () => this.readBoxes());
    on(["threshold", "room_px"], () => this.paint());
    on(["seek"], () => this.show(this.index.frameAt(this.model.get("seek")[0])));
    on(["views", "markers"], () => this.#fillChoices());
  }

  // ---- loading

  load() {
    // another copy is shown where the one before was, or was on its way to
    const shown = this.leader?.target;
    Object.values(this.clips).forEach((clip) => clip.close());
    this.clips = {};
    this.index = FrameIndex.ofBytes(this.model.get("frame_seconds"), this.model.get("end_seconds"));
    const [seconds, times] = this.model.get("seek");
    const wanted = shown ?? (times ? this.index.frameAt(seconds) : 0);
    this.position.max = Math.max(this.index.length - 1, 0);
    for (const which of ["original", "copy", "room"]) {
      if (!this.has(which) || !this.index.length) continue;
      const clip = this.#clip(which);
      clip.video.muted = which !== "original" && this.has("original");
      clip.video.addEventListener("loadedmetadata", () => this.#fillChoices());
      if (which !== "room") clip.video.addEventListener("ended", () => this.pause());
      clip.show(wanted);
      this.clips[which] = clip;
    }
    this.loadedCopy = this.model.get("copy_url");
    if (!this.leader) this.tell(this.say("noVideo"));
    this.readBoxes();
  }

  #clip(which) {
    const onFrame = (shown) => this.#shown(shown);
    if (this.#isPictured(which)) return new PictureClip(this.model, which, this.index, onFrame, (sentence) => this.tell(sentence));
    const onFailure = (isSent) => this.tell(this.say(isSent ? "cannotPlay" : "notSent"));
    return new Clip(this.#url(which), this.index, onFrame, onFailure, this.model.get("start_seconds"));
  }

  /** The clip whose frames count. */
  get leader() {
    return this.clips.original ?? this.clips.copy;
  }

  get followers() {
    return Object.values(this.clips).filter((clip) => clip !== this.leader);
  }

  readBoxes() {
    this.table = BoxTable.ofBytes(this.model.get("boxes"));
    this.paint();
  }

  get size() {
    const [w, h] = this.model.get("frame_size_px");
    const video = this.leader?.video;
    return { x: 0, y: 0, w: w || video?.videoWidth || 16, h: h || video?.videoHeight || 9 };
  }

  #fillChoices() {
    const views = this.model.get("views");
    this.view.replaceChildren(...[this.say("whole"), ...views.map((each) => each.name)].map((name, at) => element("option", { value: at }, name)));
    this.view.value = String(Math.min(this.viewAt, views.length));
    this.view.hidden = views.length === 0;
    this.screen.style.aspectRatio = `${this.size.w} / ${this.size.h}`;
    this.markers.replaceChildren(...this.model.get("markers").map((each) => this.#marker(each)));
    this.source ??= this.size;
    if (this.source.w === 16 && this.size.w !== 16) this.source = this.size;
  }

  #marker({ label, seconds }) {
    const text = this.say("marker", { label, time: clock(seconds, 0) });
    const left = (100 * this.index.frameAt(seconds)) / Math.max(this.index.length - 1, 1);
    return element("button", {
      type: "button", class: "wb-marker", title: text, "aria-label": text, style: `left:${left}%`,
      onclick: () => this.show(this.index.frameAt(seconds)),
    });
  }

  /** Called when the first frame of a copy is shown; who shows the player may bring another. */
  onCopy() {}

  // ---- showing

  get frame() {
    return this.leader?.frame ?? -1;
  }

  /** Show a frame by its number; pauses. */
  show(frame) {
    this.pause();
    Object.values(this.clips).forEach((clip) => clip.show(frame));
  }

  step(frames) {
    if (this.leader) this.show(this.leader.target + frames);
  }

  #shown(clip) {
    this.paint();
    if (clip === this.clips.copy && clip.frame >= 0 && this.shownCopy !== this.loadedCopy) {
      /** The address of the copy of which a frame was shown last: of a new one none is at first. */
      this.shownCopy = this.loadedCopy;
      this.onCopy();
    }
    if (clip !== this.leader || clip.frame < 0) return;
    if (!this.playing) alignWith(this.leader, this.followers);
    this.position.value = clip.frame;
    this.position.setAttribute("aria-valuetext", `${this.say("frame")} ${clip.frame}`);
    this.#loop(clip.frame);
    this.#follow();
    this.#report(clip.frame);
  }

  #loop(frame) {
    const [start, stop] = this.model.get("loop");
    if (!this.playing || stop === undefined || this.index.end(frame) < stop) return;
    Object.values(this.clips).forEach((clip) => clip.show(this.index.frameAt(start)));
  }

  /** Keep the others beside the original while all play. */
  #follow() {
    if (!this.clips.original || !this.playing) return;
    for (const follower of [this.clips.copy, this.mode === UNTOUCHED && this.clips.room]) {
      if (!follower || follower.video.seeking || this.leader.video.currentTime >= follower.video.duration) continue;
      const late = this.leader.video.currentTime - follower.video.currentTime;
      if (Math.abs(late) > 0.5) follower.video.currentTime = this.leader.video.currentTime;
      else follower.video.playbackRate = this.rate * (1 + Math.max(-0.1, Math.min(0.1, late)));
    }
    playRoom(this);
  }

  #report(frame) {
    const now = performance.now();
    if (this.playing && now - this.reported < REPORT_MS) return;
    this.reported = now;
    this.model.set("frame", frame);
    this.model.set("seconds", this.index.seconds[frame]);
    shareTraits(this.model);
  }

  paint() {
    // while a clip seeks it has no frame; what was painted stays
    if (!this.leader?.ready || !this.source) return;
    if (!this.stage.isMeasured) this.stage.resize();
    const alone = { flicker: this.flickered ? "copy" : "original", [UNTOUCHED]: "original" };
    const mode = alone[this.mode] ?? this.mode;
    this.places = this.stage.places(mode, this.swipe, this.source);
    this.stage.paint(this.places, this.clips, this.size, (context, place) => this.#over(context, place));
    const shown = [...new Set(this.places.map((place) => place.which))];
    const numbers = [...new Set(shown.map((which) => this.clips[which]?.frame ?? -1))];
    const seconds = this.index.seconds[Math.max(numbers[0], 0)];
    this.hud.textContent = `${clock(seconds)} · ${this.say("frame")} ${numbers.join(" | ")} · ${shown.map(this.say).join(" | ")}`;
    this.root.dataset.frame = numbers.join("|");
    if (this.notice.textContent && !this.leader.video.error) this.tell("");
  }

  #over(context, place) {
    const frame = this.clips[place.which]?.frame ?? -1;
    if (this.mode === UNTOUCHED) paintRoom(this, context, place, frame);
    if (!this.boxesShown || frame < 0) return;
    paintBoxes(context, place, [...this.marksAt(frame), ...this.boxesAt(frame)]);
    this.paintOver(context, place.viewport, frame);
  }

  tableBoxes(frame) {
    const threshold = this.model.get("threshold");
    return this.table.at(frame).filter((row) => isShown(row, threshold)).map((row) => ({ ...row, ...this.describe(row) }));
  }

  describe({ track, score, origin }) {
    const repaired = origin !== "detected" && origin !== "corrected";
    const said = Number.isNaN(score) ? this.say(repaired ? "originRepaired" : "originCorrected") : this.say.number(score, 2);
    return { label: track < 0 ? said : `${track} · ${said}`, dashed: repaired };
  }

  tell(text) {
    this.notice.textContent = text;
  }

  // ---- actions

  get playing() {
    return Boolean(this.leader && !this.leader.video.paused);
  }

  play() {
    for (const clip of [this.clips.original, this.clips.copy]) {
      if (!clip) continue;
      clip.video.playbackRate = this.rate;
      clip.video.play().catch(() => this.tell(this.say("cannotPlay")));
    }
    this.#sign("pause");
  }

  pause() {
    if (!this.playing) return;
    pauseTogether(this.leader, this.followers);
    this.#sign("play");
    this.reported = 0;
    this.#report(Math.max(this.frame, 0));
  }

  #sign(action) {
    this.playButton.replaceChildren(icon(action));
    this.playButton.setAttribute("aria-label", this.say(action));
  }

  setRate(rate) {
    this.rate = rate;
    this.speed.value = String(rate);
    Object.values(this.clips).forEach((clip) => Object.assign(clip.video, { playbackRate: rate }));
  }

  setMode(mode) {
    this.mode = mode;
    this.comparison.value = mode;
    this.edge.hidden = mode !== "swipe";
    // what is shown then is in no video
    if (this.camera) withhold(this.camera, mode === UNTOUCHED ? this.say("noViewsOfRoom") : "");
    clearInterval(this.flickering);
    if (mode === "flicker") {
      this.flickering = setInterval(() => {
        this.flickered = !this.flickered;
        this.paint();
      }, FLICKER_MS);
    }
    this.paint();
  }

  #setSwipe(share) {
    this.swipe = share;
    this.paint();
  }

  /** Show the whole frame (0) or one of its views. */
  setView(at) {
    const view = this.model.get("views")[at - 1];
    this.source = view ? { x: view.x, y: view.y, w: view.w, h: view.h } : this.size;
    this.viewAt = view ? at : 0;
    this.view.value = String(this.viewAt);
    this.paint();
  }

  #wheel(event) {
    if (!this.places) return;
    event.preventDefault();
    this.source = this.places[0].viewport.zoomed(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.offsetX, event.offsetY, this.size);
    this.paint();
  }

  pressed(event) {
    const isRoot = event.target === this.root;
    if (this.help.open || (!isRoot && ownsKey(event.target, event.key))) return;
    const done = this.onKey(event) || this.act(actionOf(event, PLAYER_KEYS));
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Do what a key or a button names; returns whether there is such an action. */
  act(action) {
    if (this.without.includes(action)) return false;
    const next = (list, now, by = 1) => list[(list.indexOf(now) + by + list.length) % list.length];
    const actions = {
      play: () => (this.playing ? this.pause() : this.play()),
      next: () => this.step(1),
      previous: () => this.step(-1),
      forward: () => this.step(10),
      back: () => this.step(-10),
      first: () => this.show(0),
      last: () => this.show(this.index.length - 1),
      faster: () => this.setRate(SPEEDS[Math.min(SPEEDS.indexOf(this.rate) + 1, SPEEDS.length - 1)]),
      slower: () => this.setRate(SPEEDS[Math.max(SPEEDS.indexOf(this.rate) - 1, 0)]),
      compare: () => this.setMode(next(this.modes, this.mode)),
      zoom: () => this.setView((Number(this.view.value) + 1) % Math.max(this.view.options.length, 1)),
      screenshot: () => this.screenshot(),
      boxes: () => this.#toggleBoxes(),
      full: () => (document.fullscreenElement ? document.exitFullscreen() : this.root.requestFullscreen()),
      help: () => this.help.showModal(),
    };
    actions[action]?.();
    return action in actions;
  }

  #toggleBoxes() {
    this.boxesShown = !this.boxesShown;
    this.paint();
  }

  /** Send the frame that is shown, without boxes and in its own size, to Python. */
  async screenshot() {
    if (this.camera.disabled) return;
    const which = this.clips[this.mode] ? this.mode : this.clips.copy ? "copy" : "original";
    const { video, frame } = this.clips[which];
    const picture = element("canvas", { width: video.videoWidth, height: video.videoHeight });
    this.clips[which].withFrame((shown) => picture.getContext("2d").drawImage(shown, 0, 0));
    const blob = await new Promise((resolve) => picture.toBlob(resolve, "image/png"));
    this.model.send({ kind: "screenshot", frame, which }, undefined, [await blob.arrayBuffer()]);
  }

  close() {
    clearInterval(this.flickering);
    this.observer.disconnect();
    Object.values(this.clips).forEach((clip) => clip.close());
  }
}

function render({ model, el }) {
  const player = new Player(model, el);
  el.player = player;
  return () => player.close();
}

export default { render };
