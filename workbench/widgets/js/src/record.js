// The recorder's page: choose a room, start, watch, mark, pause, stop. A recording is a job of the
// server: this page may be closed at any time, and finds it again.
import { element, helpDialog, icon, ownsKey, select, withhold } from "./dom.js";
import { jobSentence } from "./model/job_sentence.js";
import { actionOf, keyName, RECORD_KEYS } from "./model/keys.js";
import { problemText } from "./model/problems.js";
import { isLate, offersOf, PauseRequest, PHASES, showsPictures, whyNoStart } from "./model/recorder_phase.js";
import { clock, Health, Journal, MIN_DBFS, recordableTime, SILENT_DBFS, spoken } from "./model/recording.js";
import { speaker } from "./model/words.js";
import { chosenLanguage, languageChoice, themeButton } from "./page_choices.js";
import { EventData } from "./record_data.js";
import { follow, getJson, postJson, Unreachable } from "./record_link.js";
import { JournalList, WarningList } from "./record_lists.js";
import { RecordPicture } from "./record_picture.js";

const LOOK_MS = 3000;
/** A pause that was taken is seen by then, unless the page hears nothing of the recording. */
const PAUSE_MS = 3000;
/** How often it is seen how old the picture is. */
const AGE_MS = 1000;

export class Recorder {
  constructor(root) {
    this.language = chosenLanguage();
    Object.assign(this, { root, say: speaker(this.language), rooms: [], recordings: [], job: null, health: new Health(), done: new Journal(), pauseRequest: new PauseRequest(), phase: "loading" });
    root.classList.add("wb-widget", "wb-page", "wb-record");
    root.setAttribute("lang", this.language);
    root.setAttribute("tabindex", "-1");
    this.picture = new RecordPicture(this.say);
    this.data = new EventData(this.say, () => this.#seal());
    this.help = helpDialog(this.say, [RECORD_KEYS]);
    root.append(this.#head(), this.#stage(), this.#side(), this.help, this.#stopDialog());
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("visibilitychange", () => this.#keepAwake());
    document.addEventListener("fullscreenchange", () => root.classList.toggle("wb-is-kiosk", document.fullscreenElement === root));
    this.picture.showLayout(null);
    this.#become("loading");
    this.#lookAgain();
    setInterval(() => this.#tellAge(), AGE_MS);
  }

  // -- what is on the page ---------------------------------------------------------------

  #head() {
    const { say } = this;
    this.theme = themeButton(say);
    this.choice = select(say("rec_room"), [], (value) => this.#choose(value));
    this.choice.classList.add("wb-rooms");
    const tool = (text, label, onclick) => element("button", { type: "button", "aria-label": label, title: label, onclick }, text);
    return element("header", { class: "wb-head" }, element("div", { class: "wb-line" },
      element("a", { class: "wb-brand wb-no-kiosk", href: "/library", title: say("library") }, "‹ ", say("library")), element("h1", { class: "wb-no-kiosk" }, say("rec_record")), this.choice,
      element("span", { class: "wb-grow" }), languageChoice(this.language, say), this.theme, tool(icon("full"), `${say("rec_kiosk")} (K)`, () => this.#kiosk()), tool("?", say("help"), () => this.help.showModal())));
  }

  #stage() {
    this.warnings = new WarningList(this.say);
    return element("main", { class: "wb-record-stage", tabindex: 0 }, element("div", { role: "status" }, this.warnings.root), this.picture.root, element("h2", {}, this.say("rec_sources")), this.picture.tiles);
  }

  #side() {
    const { say } = this;
    this.sign = element("span", { class: "wb-sign", "aria-hidden": "true" });
    this.word = element("span", { role: "status" });
    this.time = element("div", { class: "wb-time", role: "timer" }, "00:00:00");
    this.space = element("div", { class: "wb-muted wb-space" });
    this.level = element("meter", { class: "wb-level", min: MIN_DBFS, max: 0, low: SILENT_DBFS, "aria-label": say("rec_level"), title: say("rec_level"), hidden: true });
    this.more = element("div", { class: "wb-more" });
    this.problem = element("p", { class: "wb-problem", role: "alert", hidden: true });
    this.main = element("button", { type: "button", class: "wb-main", onclick: () => (PHASES[this.phase].goesOn ? this.stopping.showModal() : this.#start()) });
    this.pausing = element("button", { type: "button", onclick: () => this.#pause() });
    this.shooting = element("button", { type: "button", "aria-keyshortcuts": "s", onclick: () => this.#shoot() }, element("span", {}, say("rec_shoot")), element("kbd", { "aria-hidden": "true" }, "S"));
    this.holding = element("button", { type: "button", onclick: () => (this.phase === "held" ? this.#forget() : this.#open({ ready: true })) });
    this.showing = element("button", { type: "button", class: "wb-wide", "aria-keyshortcuts": "v", onclick: () => this.#show() });
    this.giving = element("button", { type: "button", class: "wb-wide", onclick: () => this.#giveUp() }, say("cancel"));
    this.acts = element("div", { class: "wb-acts" }, this.main, this.giving, this.showing, this.holding, this.pausing, this.shooting);
    this.marks = element("div", { class: "wb-marks", role: "group", "aria-label": say("markers") });
    this.journal = new JournalList(say);
    return element("aside", { class: "wb-record-side", "aria-label": say("rec_record") },
      element("div", { class: "wb-status" }, element("div", { class: "wb-phase" }, this.sign, this.word), this.time, this.space, this.level), this.problem, this.acts, this.more, this.marks, this.journal.root, this.data.root);
  }

  #stopDialog() {
    const { say } = this;
    this.stopping = element("dialog", { class: "wb-dialog", "aria-label": say("rec_stopTitle") }, element("h2", {}, say("rec_stopTitle")), element("p", {}, say("rec_stopText")),
      element("div", { class: "wb-dialog-buttons" }, element("button", { type: "button", onclick: () => this.stopping.close() }, say("rec_goOn")), element("button", { type: "button", class: "wb-main wb-stop", "aria-keyshortcuts": "q", onclick: () => this.#stop() }, say("rec_stop"), element("kbd", { "aria-hidden": "true" }, "Q"))));
    return this.stopping;
  }

  #become(phase) {
    const hasBegun = this.phase === "starting" && phase === "recording";
    this.phase = phase;
    this.#endPauseRequest();
    const { say, root } = this;
    root.dataset.phase = phase;
    if (phase === "starting") this.picture.clear();
    if (PHASES[phase].isOver) this.picture.showLayout(this.room);
    this.#tellAge();
    const { sign, goesOn: isOn = false } = PHASES[phase];
    const offers = offersOf(phase, this.room);
    this.sign.textContent = sign;
    this.word.textContent = say(`rec_${phase}`);
    const label = isOn ? "rec_stop" : "rec_start";
    this.main.replaceChildren(element("span", {}, say(label)), element("kbd", { "aria-hidden": "true" }, isOn ? "Q" : "R"));
    this.main.classList.toggle("wb-stop", isOn);
    withhold(this.main, isOn ? "" : this.#whyNoStart());
    this.holding.textContent = say(phase === "held" ? "rec_forget" : "rec_hold");
    this.holding.hidden = !offers.hold;
    this.showing.replaceChildren(element("span", {}, say(phase === "previewing" ? "rec_close" : "rec_show")), element("kbd", { "aria-hidden": "true" }, "V"));
    this.showing.hidden = !offers.show;
    this.#offerGivingUp();
    this.acts.hidden = !offers.acts;
    this.pausing.hidden = this.shooting.hidden = this.marks.hidden = !offers.mark;
    withhold(this.shooting, phase === "paused" ? say("rec_paused") : "");
    withhold(this.choice, phase === "starting" ? say("rec_starting") : "");
    this.data.root.hidden = !offers.data;
    this.data.become(isOn);
    this.#tellMore();
    if (!isOn) this.#warn([]);
    this.#keepAwake();
    if (hasBegun && this.hasNames) this.#noteSealed(0);
    if (hasBegun) this.hasNames = false;
  }

  /** The same as is said beside the button; empty where a recording may be started. */
  #whyNoStart() {
    const why = whyNoStart(this.phase, this.room);
    return why ? this.say(why.say, why) : "";
  }

  /** A start can be given up; a recording that has begun its event is stopped. */
  #offerGivingUp() {
    this.giving.hidden = this.phase !== "starting" || !this.job || Boolean(this.job.event_id);
    withhold(this.giving, this.isGivenUp ? this.say("rec_givingUp") : "");
  }

  #tellAge() {
    this.picture.tellAge(this.phase === "starting" || showsPictures(this.phase) ? this.health.isBehind : null);
  }

  #endPauseRequest() {
    clearTimeout(this.pauseTimer);
    this.pauseRequest.end();
    this.#showPausing();
  }

  #showPausing() {
    const said = this.say(this.pauseRequest.said(this.phase));
    this.pausing.replaceChildren(element("span", {}, said), element("kbd", { "aria-hidden": "true" }, "P"));
    withhold(this.pausing, this.pauseRequest.wanted === null ? "" : said);
  }

  /** What comes next, where something does. */
  #tellMore() {
    const { say, phase, job, room: chosen } = this;
    const text = (words) => element("p", {}, words);
    const parts = {
      loading: () => [text(say("rec_loading"))],
      ready: () => (!this.rooms.length ? [element("h2", { class: "wb-big" }, say("rec_noRooms")), text(say("rec_noRoomsHow"))] : chosen?.fault ? [text(this.#whyNoStart())] : []),
      held: () => [text(say("rec_heldHow", { seconds: Math.round(this.health.before?.seconds ?? 0) }))],
      previewing: () => [text(say("rec_previewingHow"))],
      finishing: () => [text(say("rec_finishingHow")), this.#againButton()],
      done: () => [text(say("rec_doneHow", { event: job.event_id })), this.#eventLink(true), this.#againButton()],
      failed: () => [text(jobSentence(job, say)), job.event_id ? this.#eventLink(false) : null, this.#againButton()],
    }[phase]?.() ?? [];
    this.more.replaceChildren(...parts.filter(Boolean));
  }

  #eventLink(isMain) {
    return element("a", { class: isMain ? "wb-link-button wb-first" : "wb-link-button", href: `/event/${this.job.event_id}` }, this.say("rec_openEvent"));
  }

  #againButton() {
    return element("button", { type: "button", onclick: () => this.#choose(this.choice.value, true) }, this.say("rec_again"));
  }

  #complain(text) {
    if (text === this.problem.textContent) return; // a screen reader would say it again
    this.problem.textContent = text;
    this.problem.hidden = !text;
  }

  #warn(found) {
    this.warnings.show(found, this.isCut);
  }

  #showJournal() {
    this.journal.show(this.done.lines());
  }

  // -- rooms, and recordings that go on ------------------------------------------------------

  async #lookAgain() {
    // who watches a recording is told by it
    if (!this.job) {
      try {
        const { rooms, recordings } = await getJson("/rooms");
        this.isCut = false;
        if (!this.job) this.#offer(rooms, recordings);
      } catch (error) {
        this.isCut = error instanceof Unreachable;
        if (!this.isCut) this.#complain(this.#reason(error));
      }
      this.#warn([]);
    }
    setTimeout(() => this.#lookAgain(), LOOK_MS);
  }

  #offer(rooms, recordings) {
    const known = new Set(rooms.map(({ name }) => name));
    const others = recordings.filter((each) => !known.has(each.room)).map(({ job }) => ({ name: `job:${job.job_id}`, title: this.say("rec_unnamed", { event: (job.event_id ?? job.job_id).slice(0, 8) }), job, layout: null }));
    const offered = [...rooms, ...others];
    const isNew = JSON.stringify(offered.map(({ name, fault }) => [name, fault])) !== JSON.stringify(this.rooms.map(({ name, fault }) => [name, fault]));
    Object.assign(this, { rooms: offered, recordings });
    if (isNew || this.phase === "loading") {
      this.choice.replaceChildren(...offered.map(({ name, title }) => element("option", { value: name }, title ?? spoken(name))));
      this.choice.hidden = !offered.length;
      const wanted = [this.room?.name, recordings[0]?.room, localStorage.getItem("record-room")].find((name) => offered.some((each) => each.name === name));
      this.choice.value = wanted ?? offered[0]?.name;
      this.#choose(this.choice.value);
      return;
    }
    const running = this.#running();
    if (running) this.#attach(running);
  }

  #running() {
    return this.room?.job ?? this.recordings.find((each) => each.room === this.room?.name)?.job ?? null;
  }

  #choose(name, isAfter = false) {
    const chosen = this.rooms.find((each) => each.name === name) ?? null;
    const code = this.data.fields.procedure_code;
    // what was written for one room is sealed onto no recording of another
    if (chosen?.name !== this.room?.name) this.data.clear();
    if (!code.value) code.value = chosen?.procedure_code ?? "";
    Object.assign(this, { job: null, isGivenUp: false, isRefused: false, room: chosen, health: new Health(), done: new Journal() });
    if (isAfter) this.recordings = [];
    if (this.room) localStorage.setItem("record-room", this.room.name);
    this.picture.showLayout(this.room);
    this.#showJournal();
    this.#complain("");
    this.#offerMarks();
    this.time.textContent = "00:00:00";
    this.space.textContent = "";
    this.level.hidden = true;
    this.#become("ready");
    const running = this.#running();
    if (running) this.#attach(running);
  }

  #offerMarks() {
    const mark = (kind, key, text) => element("button", { type: "button", "aria-keyshortcuts": key, onclick: () => this.#mark(kind) }, element("span", {}, text), element("kbd", { "aria-hidden": "true" }, key.toUpperCase()));
    const kinds = this.room?.marker_kinds ?? [];
    this.marks.replaceChildren(mark("mark", "m", this.say("rec_mark")), ...kinds.map((kind, at) => mark(kind, String(at + 1), spoken(kind))));
  }

  /** Watch a recording until it is over. */
  #attach(job) {
    if (this.job?.job_id === job.job_id) return; // who asked for it and who looks again both learn of it
    this.job = job;
    this.#become("starting");
    const isOver = () => this.job?.job_id !== job.job_id;
    follow(job.job_id, {
      isOver,
      state: (state) => isOver() || this.#showState(state),
      preview: (blob) => isOver() || !showsPictures(this.phase) || this.picture.show(blob).catch(() => {}),
      job: (found) => isOver() || this.#showJob(found),
      reach: (isReached, error) => {
        if (isOver()) return;
        this.isCut = !isReached;
        // as where too many pages watch: it is asked for again
        this.isRefused ||= Boolean(isReached && error);
        if (isReached && error) this.#complain(this.#reason(error));
        this.#warn(PHASES[this.phase].goesOn ? this.health.warnings() : []);
      },
    });
  }

  #showJob(job) {
    this.job = job;
    this.#offerGivingUp();
    if (job.state === "queued" || job.state === "running") return;
    if (!job.event_id && (job.state === "done" || this.isGivenUp)) {
      const { isGivenUp } = this;
      this.#choose(this.choice.value, true); // what was held is forgotten; what is written stays
      if (isGivenUp) this.#complain(this.say("rec_givenUp"));
      return;
    }
    this.data.clear();
    this.#forgetRefusal();
    this.#become(job.state === "done" ? "done" : "failed");
  }

  /** What was refused is there now, or will not be asked for again. */
  #forgetRefusal() {
    if (this.isRefused) this.#complain("");
    this.isRefused = false;
  }

  #showState(state) {
    this.health.note(state);
    this.isCut = false;
    this.#forgetRefusal();
    if (state.state !== this.phase && !isLate(this.phase, state.state, this.isAsked)) this.#become(state.state);
    if (this.phase === "held") this.#tellMore();
    this.done.tell(state.journal ?? []);
    this.#showJournal();
    this.time.textContent = clock(state.state === "previewing" ? 0 : state.seconds);
    const left = state.seconds_left;
    this.space.textContent = left === null ? this.say("rec_spaceUnknown") : this.say("rec_spaceLeft", { time: recordableTime(left) });
    const level = state.audio_level_dbfs ?? null;
    this.level.hidden = level === null;
    this.level.value = level ?? MIN_DBFS;
    if (this.phase !== "finishing") this.picture.tellHealth(state.sources, this.health);
    this.#warn(state.state === "finishing" ? [] : this.health.warnings());
  }

  // -- what a person does ----------------------------------------------------------------------

  #reason({ message, content }) {
    return problemText(this.say, content ?? { error: message });
  }

  async #do(step) {
    this.#complain("");
    try {
      return await step();
    } catch (error) {
      this.#complain(error instanceof Unreachable ? this.say("rec_cut") : this.#reason(error));
      return null;
    }
  }

  async #start() {
    if (this.main.disabled) return;
    if (!this.data.procedure_code) {
      this.#complain(this.say("rec_needsProcedure"));
      this.data.focus();
      return;
    }
    if (!this.data.isCode) {
      this.#complain(`${this.say("rec_procedure")}: ${this.say("rec_procedureHow")}`);
      this.data.focus();
      return;
    }
    const { phase, job } = this;
    this.isAsked = true;
    this.hasNames = Object.keys(this.data.names).length > 0;
    this.#become("starting");
    if (PHASES[phase].isOpen) {
      const found = await this.#do(() => postJson(`/jobs/${job.job_id}/commands/start`, { arguments: { procedure_code: this.data.procedure_code, names: this.data.names } }));
      this.isAsked = Boolean(found);
      if (!found && !this.isGivenUp && this.job?.job_id === job.job_id) this.#become(phase);
      return;
    }
    const started = await this.#do(() => postJson(`/rooms/${this.room.name}/record`, { procedure_code: this.data.procedure_code, names: this.data.names }));
    if (started) this.#attach(started.job);
    else this.#become("ready");
  }

  /** The room is open from now on: its last seconds are held in memory, or it is shown alone. */
  async #open(how) {
    this.isAsked = false;
    this.#become("starting");
    const asked = this.data.procedure_code ? { procedure_code: this.data.procedure_code } : {};
    const started = await this.#do(() => postJson(`/rooms/${this.room.name}/record`, { ...asked, ...how }));
    if (started) this.#attach(started.job);
    else this.#become("ready");
  }

  /** A start is given up; where it has begun meanwhile, the recording is stopped. */
  async #giveUp() {
    this.isGivenUp = true;
    this.#offerGivingUp();
    if (await this.#do(() => postJson(`/jobs/${this.job.job_id}/cancel`))) return;
    this.isGivenUp = false;
    this.#offerGivingUp();
  }

  #forget() {
    return this.#do(() => postJson(`/jobs/${this.job.job_id}/cancel`));
  }

  #show() {
    if (this.phase === "previewing") this.#forget();
    else if (!this.showing.hidden) this.#open({ preview: true });
  }

  async #command(command, content) {
    if (!PHASES[this.phase].goesOn) return null;
    return this.#do(() => postJson(`/jobs/${this.job.job_id}/commands/${command}`, { arguments: content }));
  }

  /** What is asked is said at once; the phase follows when the recording says so. */
  async #pause() {
    const command = this.pauseRequest.begin(this.phase);
    if (!command) return;
    this.#showPausing();
    const found = await this.#command(command, {});
    if (!found) this.#endPauseRequest();
    else if (this.pauseRequest.wanted) this.pauseTimer = setTimeout(() => this.#endPauseRequest(), PAUSE_MS);
  }

  async #mark(kind) {
    const found = await this.#command("mark", { kind });
    if (found) this.#note({ id: found.answer.marker, kind, seconds: found.answer.seconds });
  }

  #note(entry) {
    this.done.note({ stop_seconds: null, ...entry });
    this.#showJournal();
  }

  /** Fields that are empty stay as they were sealed. */
  async #seal() {
    const { names } = this.data;
    if (!Object.keys(names).length || !(await this.#command("describe", names))) return;
    this.#noteSealed(this.health.before.seconds);
  }

  /** What is sealed is on the screen no more. */
  #noteSealed(seconds) {
    this.data.clearNames();
    this.done.noteSealed(seconds);
    this.#showJournal();
  }

  async #shoot() {
    const found = this.phase === "recording" ? await this.#command("screenshot", {}) : null;
    if (found) this.#note({ id: found.answer.screenshot, kind: null, seconds: found.answer.seconds });
  }

  async #stop() {
    this.stopping.close();
    if (await this.#do(() => postJson(`/jobs/${this.job.job_id}/cancel`))) this.#become("finishing");
  }

  async #kiosk() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await this.root.requestFullscreen?.().catch(() => {});
  }

  /** The screen stays on while it is recorded, where the browser lets a page ask for that. */
  async #keepAwake() {
    const isWanted = !document.hidden && PHASES[this.phase].goesOn;
    if (!isWanted || (this.awake && !this.awake.released)) {
      if (!PHASES[this.phase].goesOn) this.awake?.release();
      return;
    }
    this.awake = await navigator.wakeLock?.request("screen").catch(() => null);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.repeat || ownsKey(event.target, event.key)) return;
    const action = actionOf(event, RECORD_KEYS);
    // in the dialog that asks, the key of the button confirms it
    if (this.stopping.open && action === "rec_stop") return void this.#stop();
    if (!action || this.root.querySelector("dialog[open]")) return;
    event.preventDefault();
    const isOn = PHASES[this.phase].goesOn;
    ({
      rec_showKey: () => this.#show(),
      rec_start: () => isOn || this.#start(),
      rec_stop: () => isOn && this.stopping.showModal(),
      rec_pauseKey: () => this.#pause(),
      rec_mark: () => this.#mark("mark"),
      rec_markKind: () => {
        const kind = this.room?.marker_kinds?.[Number(keyName(event)) - 1];
        if (kind) this.#mark(kind);
      },
      rec_shoot: () => this.#shoot(),
      rec_data: () => this.data.focus(),
      rec_kiosk: () => this.#kiosk(),
      help: () => this.help.showModal(),
    })[action]();
  }
}

new Recorder(document.getElementById("recorder"));
// what the dashboard shows until there is something
document.getElementById("waiting")?.remove();
