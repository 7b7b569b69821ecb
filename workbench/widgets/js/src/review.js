// The page of a review: queue, picture with the box editor, details, timeline, sign-off.
import { element, shownKey } from "./dom.js";
import { Editor } from "./editor.js";
import { Drafts } from "./model/drafts.js";
import { FetchedModel } from "./model/fetched_model.js";
import { faceBox } from "./model/geometry.js";
import { actionOf, REVIEW_KEYS } from "./model/keys.js";
import { Outbox } from "./model/outbox.js";
import * as model from "./model/review.js";
import { problemText } from "./model/problems.js";
import { shareTraits } from "./model/sharing.js";
import { boxesAt } from "./model/tracks.js";
import { speaker } from "./model/words.js";
import { chooseLanguage } from "./page_choices.js";
import { hasSessionEnded, leaveForLogin } from "./session.js";
import { Details } from "./review_details.js";
import { flagDialog, signOffDialog } from "./review_dialogs.js";
import { Header } from "./review_header.js";
import { Queue } from "./review_queue.js";
import { Timeline } from "./timeline.js";
import { TrackLanes } from "./track_lanes.js";

const LOOK_MS = 5000;
const LOOK_WHILE_WORKING_MS = 1500;
/** So much before and after a moment is played with it, in seconds. */
const AROUND_SECONDS = 0.5;
/** In which the boxes of faces tell how large a face is, before and after the frame that is shown. */
const NEAR_FRAMES = [-50, -25, 0, 25, 50];

export class Review {
  constructor(source, root) {
    Object.assign(this, { model: source, root, current: null, pending: new Map(), drawn: new model.Drawn() });
    this.editorRoot = element("div");
    this.editor = new Editor(source, this.editorRoot, { keyTables: [REVIEW_KEYS] });
    this.player = this.editor.player;
    this.say = this.player.say;
    this.drafts = new Drafts(localStorage, source.get("draft_key"), source.get("session"));
    this.outbox = new Outbox((content) => source.send(content), (isLate) => this.#showConnection(isLate));
    this.#build();
    this.#listen();
    if (source.get("views").length) this.player.setView(1);
    this.choose(model.nextOpen(this.moments, null) ?? this.moments[0]?.moment.moment_id ?? null);
    this.#restore();
  }

  #build() {
    const { say } = this;
    this.header = new Header(this);
    this.queue = new Queue(this);
    this.details = new Details(this);
    this.lanes = new TrackLanes(this);
    this.signals = element("div", { class: "wb-signals" });
    if (this.model.get("signals").length) {
      this.timeline = new Timeline(this.model, this.signals);
      this.lanes.follow(this.timeline);
    }
    this.mainButton = element("button", { type: "button", class: "wb-main", onclick: () => this.main() });
    this.otherButton = element("button", { type: "button", onclick: () => this.act(this.otherName) });
    this.flagButton = this.#actionButton("flag", REVIEW_KEYS.flag[0], () => this.act("flag"));
    this.drawButton = this.#actionButton("correct", "N", () => this.editor.act("draw"));
    this.problem = element("div", { class: "wb-problem", role: "alert", hidden: true });
    const actions = element("div", { class: "wb-actions" }, this.flagButton, this.drawButton, this.otherButton, this.mainButton);
    const stage = element("main", { class: "wb-stage", "aria-label": say("picture") }, this.editor.playerRoot, this.problem, actions);
    const side = element("aside", { class: "wb-side", "aria-label": say("details") }, this.details.root, this.editor.panel.root);
    const foot = element("footer", { class: "wb-foot" }, this.lanes.root, this.signals);
    this.root.classList.add("wb-widget", "wb-review", "wb-page");
    this.root.setAttribute("data-lm-suppress-shortcuts", "true");
    this.root.setAttribute("lang", this.model.get("language"));
    this.root.append(this.header.root, this.queue.root, stage, side, foot);
    this.flag = flagDialog(this);
    this.signOff = signOffDialog(this);
    this.root.append(this.flag.root, this.signOff.root);
    this.player.setMode("copy");
  }

  #actionButton(name, key, onclick) {
    return element("button", { type: "button", onclick, "aria-keyshortcuts": key }, this.say(name), element("kbd", { "aria-hidden": "true" }, key));
  }

  #listen() {
    const { model: source, editor, player } = this;
    for (const name of ["moments", "about", "job", "not_rendered", "statement"]) source.on(`change:${name}`, () => this.show());
    source.on("msg:custom", (message) => message.kind === "answer" && this.#answered(message));
    source.on("change:seconds", () => this.lanes.paint());
    player.onCopy = () => {
      this.show();
      this.signOff?.show();
    };
    const { marksAt } = player;
    player.marksAt = (frame) => [...this.#marks(frame), ...marksAt(frame)];
    const onKey = player.onKey;
    // while a box is drawn its keys come first: Enter puts it there, and decides nothing
    player.onKey = (event) => (editor.draftBox && onKey(event)) || this.#pressed(event) || onKey(event);
    editor.span = () => this.#span();
    const { startBox } = editor;
    editor.startBox = () => faceBox(this.#regionIn(editor.frame) ?? startBox(), this.#near(), player.size);
    const change = editor.change.bind(editor);
    editor.change = (document) => {
      // the server would refuse to save it
      if (this.isReleased) {
        this.tell(this.say("releasedFixed"));
        return;
      }
      const before = editor.corrections;
      change(document);
      if (!this.isRestoring) this.drawn.note(this.current, before, editor.corrections);
      this.header.show(this.moments);
      this.lanes.paint();
      this.#showActions();
    };
    const showSaving = editor.panel.showSaving.bind(editor.panel);
    editor.panel.showSaving = () => {
      showSaving();
      this.header.showSaving(editor.saving);
      this.#showActions();
      this.#keep();
    };
    this.onkeydown = (event) => this.#keyOnPage(event);
    document.addEventListener("keydown", this.onkeydown);
    this.#lookLater();
  }

  // ---- what is not saved yet

  #keep() {
    const { draft } = this.editor;
    const decisions = [...this.pending];
    this.drafts.keep(draft || decisions.length ? { corrections: draft, decisions } : null);
  }

  /** Do again what a page did that went before it was saved. */
  async #restore() {
    if (this.isReleased) return;
    let count = 0;
    for (const { corrections, decisions } of await this.drafts.take()) {
      if (corrections && this.#restoreBoxes(corrections)) count += 1;
      for (const [id, { verdict, note, copy, seen }] of decisions) {
        const found = this.moments.find((each) => each.moment.moment_id === id);
        if (found?.state !== "open" || verdict === "open") continue;
        this.#post(id, verdict, note, copy, seen);
        count += 1;
      }
    }
    if (count) this.editor.hint(this.say("restored"));
  }

  /** Draw again what a page drew that went: for which moment is not known any more. */
  #restoreBoxes(corrections) {
    this.isRestoring = true;
    const isChanged = this.editor.restore(corrections);
    this.isRestoring = false;
    return isChanged;
  }

  /** Whether the page would take something with it that nothing else has. */
  get isNeeded() {
    return (this.editor.saving.pending || this.outbox.isLate) && !this.drafts.isKept;
  }

  #showConnection(isLate) {
    this.header?.showConnection(isLate);
    if (isLate) this.#leaveIfEnded();
  }

  /** What shows people is not left on the screen of a session that has ended. */
  async #leaveIfEnded() {
    if (!this.outbox.isLate) return;
    if (!this.isNeeded && (await hasSessionEnded())) leaveForLogin(this.editor.saving.pending || this.pending.size > 0);
    else this.leaving = setTimeout(() => this.#leaveIfEnded(), LOOK_MS);
  }

  // ---- what is known

  get moments() {
    return model.withPending(this.model.get("moments"), this.pending);
  }

  get chosen() {
    return this.moments.find((each) => each.moment.moment_id === this.current) ?? null;
  }

  get isReleased() {
    return ["signed off", "archived"].includes(this.model.get("about").state);
  }

  /** Whether a sign-off was asked for and is not answered yet. */
  get isSigning() {
    return this.outbox.isWaitingFor("sign_off");
  }

  get mainName() {
    const { moments, isReleased } = this;
    const name = model.mainAction({ moments, job: this.model.get("job"), notRendered: this.model.get("not_rendered"), isReleased, isLoading: this.isLoading, hasSigned: this.model.get("about").has_signed, isSigning: this.isSigning });
    return name === "accept" ? this.verdicts?.[0] ?? "nextOpen" : name;
  }

  /** What may be decided in place of what the filled button says; null: nothing. */
  get otherName() {
    return this.mainName === this.verdicts?.[0] ? this.verdicts[1] : null;
  }

  /** Of the chosen moment; null where it is decided, or none is chosen. */
  get verdicts() {
    const { chosen, editor, player } = this;
    if (!chosen || model.isDone(chosen)) return null;
    return model.verdictsOf(chosen.moment, editor.corrections, this.model.get("views")[0] ?? player.size, this.drawn.for(this.current));
  }

  /** The frames that a new box covers: those of the moment, and the one that is shown. */
  #span() {
    const { chosen } = this;
    if (!chosen) return null;
    const { frame } = this.editor;
    const { first_frame: first, stop_frame: stop } = chosen.moment;
    // a spot check is long and chosen by chance: what is found in it is followed by hand
    const near = chosen.moment.is_spot_check || frame < first - 25 || frame > stop + 25;
    return near ? [frame, frame] : [Math.min(first, frame), Math.max(stop - 1, frame)];
  }

  /** Where the chosen moment has something, in a frame of it; null where chance chose the moment. */
  #regionIn(frame) {
    const { is_spot_check: isSpotCheck, first_frame: first, stop_frame: stop, region_xyxy_px: box } = this.chosen?.moment ?? {};
    return !box || isSpotCheck || frame < first || frame >= stop ? null : [...box];
  }

  /** The boxes in frames near the one that is shown. */
  #near() {
    const { document, table, frame } = this.editor;
    return NEAR_FRAMES.flatMap((away) => boxesAt(document, table, frame + away)).map((each) => each.box);
  }

  // ---- showing

  show() {
    if (!this.mainButton) return;
    const { moments } = this;
    this.queue.show(moments, this.current);
    this.details.show(this.chosen);
    this.header.show(moments);
    this.lanes.paint();
    this.#showActions();
    if (!this.chosen && moments.length) this.choose(model.nextOpen(moments, null) ?? moments[0].moment.moment_id);
  }

  /** What the next step is. */
  #showActions() {
    const { mainName: name, otherName: other, say } = this;
    const { progress = 0 } = this.model.get("job");
    const isWaiting = ["full", "ranking", "rendering", "loading", "released", "signedOnce", "signing"].includes(name);
    const label = say(`main_${name}`, { percent: Math.round(100 * progress) });
    this.mainButton.replaceChildren(label, ...(isWaiting ? [] : [element("kbd", { "aria-hidden": "true" }, "Enter")]));
    this.mainButton.disabled = isWaiting;
    this.otherButton.hidden = !other;
    if (other) this.otherButton.setAttribute("aria-keyshortcuts", REVIEW_KEYS[other][0].replace("Ctrl", "Control"));
    this.otherButton.replaceChildren(...(other ? [say(`main_${other}`), element("kbd", { "aria-hidden": "true" }, shownKey(REVIEW_KEYS[other][0]))] : []));
    this.flagButton.hidden = this.drawButton.hidden = this.isReleased;
  }

  choose(id, { focus = false } = {}) {
    this.current = id;
    this.editor.setMode("select");
    const { chosen } = this;
    if (chosen) {
      const { first_frame: first, start_seconds: start, stop_seconds: stop } = chosen.moment;
      const end = this.player.index.endSeconds;
      this.model.set("loop", [Math.max(0, start - AROUND_SECONDS), Math.min(end, stop + AROUND_SECONDS)]);
      shareTraits(this.model);
      this.player.show(first);
      this.timeline?.setSpan(this.lanes.momentSpan);
    }
    if (focus) this.player.root.focus({ preventScroll: true });
    this.show();
    this.queue.reveal();
  }

  /** Where to look in a frame of the chosen moment. */
  #marks(frame) {
    const box = this.#regionIn(frame);
    return box ? [{ box, label: this.say("lookHere"), dashed: true, colour: "#ff7a70" }] : [];
  }

  tell(sentence) {
    for (const line of [this.problem, this.signOff?.problem].filter(Boolean)) {
      line.textContent = sentence;
      line.hidden = !sentence;
    }
  }

  // ---- actions

  /** The one thing to do now. */
  main() {
    this.tell("");
    const actions = {
      accept: () => this.decide("accepted"),
      corrected: () => this.decide("corrected"),
      nextOpen: () => this.choose(model.nextOpen(this.moments, this.current), { focus: true }),
      nextFlagged: () => this.choose(model.nextOpen(this.moments, this.current, model.isFlagged) ?? this.moments.find(model.isFlagged)?.moment.moment_id, { focus: true }),
      rerender: () => this.rerender(),
      signOff: () => this.signOff.open(),
    };
    actions[this.mainName]?.();
  }

  /** Do what a key names; returns whether it is one of the review's. */
  act(action) {
    const actions = {
      main: () => this.main(),
      corrected: () => this.#decideAs("corrected"),
      accept: () => this.#decideAs("accept"),
      flag: () => this.chosen && !this.isReleased && this.flag.open(this.chosen),
      nextMoment: () => this.choose(model.neighbour(this.moments, this.current, 1)),
      previousMoment: () => this.choose(model.neighbour(this.moments, this.current, -1)),
      reopen: () => this.chosen && this.chosen.state !== "open" && this.decide("open"),
      panels: () => this.root.classList.toggle("wb-wide"),
    };
    actions[action]?.();
    return action in actions;
  }

  /** A key has one meaning, whatever the filled button says, where it may be said of the moment. */
  #decideAs(verdict) {
    // a box that is drawn is put there first
    const maySay = [this.mainName, this.otherName].includes(verdict) && !this.editor.draftBox;
    if (maySay) this.decide({ accept: "accepted", corrected: "corrected" }[verdict]);
  }

  decide(verdict, note = "") {
    const { chosen } = this;
    if (!chosen || this.isReleased || this.isLoading) return;
    const id = chosen.moment.moment_id;
    this.#post(id, verdict, note);
    const next = verdict === "open" ? id : model.nextOpen(this.moments, id);
    this.choose(next ?? id, { focus: true });
  }

  /** The id of the copy whose pictures are seen; a new one is told of before they have come. */
  get seenCopy() {
    return this.player.shownCopy?.split("#")[1] ?? this.model.get("about").copy;
  }

  /** Whether another copy is to be decided on than the one whose pictures are still seen. */
  get isLoading() {
    return this.seenCopy !== this.model.get("about").copy;
  }

  /** Send a decision with the copy that it was made for: it counts for no other. */
  #post(id, verdict, note, copy = this.seenCopy, seen = this.#decisionOf(id)) {
    this.pending.set(id, { verdict, note, copy, seen });
    this.outbox.post({ kind: "decide", moment: id, verdict, note, copy, seen });
    this.#keep();
  }

  /** The number of the decision about a moment that the page shows; 0: none. */
  #decisionOf(id) {
    return this.moments.find((each) => each.moment.moment_id === id)?.decision_id ?? 0;
  }

  rerender() {
    // what is not saved yet would not be in the copy
    if (this.editor.saving.pending) this.tell(this.say("waitForSaving"));
    else this.ask("rerender");
  }

  ask(what) {
    this.outbox.post({ kind: "ask", what });
  }

  /** Sign off the copy that the statement is of, which is the one that is seen. */
  sign(copy) {
    this.outbox.post({ kind: "ask", what: "sign_off", copy });
    this.show();
  }

  #answered({ number, problem }) {
    const { content } = this.outbox.answered(number) ?? {};
    if (!content) return;
    if (content.kind === "decide") this.pending.delete(content.moment);
    this.#keep();
    if (problem) this.tell(problemText(this.say, problem));
    this.show();
  }

  #lookLater() {
    const { kind, state } = this.model.get("job");
    const isWorking = kind && state !== "failed" && state !== "full";
    this.timer = setTimeout(() => {
      if (!this.outbox.isWaitingFor("look")) this.ask("look");
      this.#lookLater();
    }, isWorking ? LOOK_WHILE_WORKING_MS : LOOK_MS);
  }

  // ---- keys

  #pressed(event) {
    if (event.target.tagName === "BUTTON" && event.key === "Enter" && event.target !== this.mainButton) return false;
    return this.act(actionOf(event, REVIEW_KEYS));
  }

  /** Keys work wherever the focus is, but in a dialog or a field. */
  #keyOnPage(event) {
    if (event.defaultPrevented || event.target.closest?.("dialog, input, textarea, select")) return;
    if (this.player.root.contains(event.target) || this.editor.panel.root.contains(event.target)) return;
    this.player.pressed(event);
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.leaving);
    document.removeEventListener("keydown", this.onkeydown);
    this.outbox.close();
    this.header.close();
    this.queue.close();
    this.lanes.close();
    this.timeline?.close();
    this.editor.close();
  }
}

async function render({ model: whole, el }) {
  const source = new FetchedModel(whole);
  chooseLanguage(source);
  const say = speaker(source.get("language"));
  const waiting = element("p", { class: "wb-empty", role: "status" });
  el.append(waiting);
  await source.open((isSent) => (waiting.textContent = isSent ? "" : say("notSent")));
  waiting.remove();
  const review = new Review(source, el);
  Object.assign(el, { review, editor: review.editor, player: review.player });
  const warn = (event) => review.isNeeded && event.preventDefault();
  addEventListener("beforeunload", warn);
  return () => {
    removeEventListener("beforeunload", warn);
    source.close();
    review.close();
  };
}

export default { render };
