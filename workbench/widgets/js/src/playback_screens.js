// The players of several copies, in step: one time for all, counted from the marker of each.
import { element } from "./dom.js";
import { LocalModel } from "./model/local_model.js";
import { Player } from "./player.js";

const FOLLOW_MS = 200;
/** Further apart than this, a player jumps; nearer, it runs a little faster or slower. */
const JUMP_SECONDS = 0.4;
const MOST_SPEEDING = 0.1;
/** How often the time moves on where no copy plays. */
const TICK_MS = 50;

export class Screens {
  /** @param board `events`, `shifts`, `now`, `moved(now)`, `pressed(event)`, `say` */
  constructor(board) {
    Object.assign(this, { board, rate: 1, lead: null, ticking: 0 });
    this.root = element("div", { class: "wb-screens", "data-count": board.events.length });
    this.screens = board.events.map((event) => this.#screen(event));
    this.root.append(...this.screens.map((each) => each.root));
  }

  #screen(event) {
    const { say } = this.board;
    const title = `${event.procedure} · ${event.started}`;
    const head = element("div", { class: "wb-screen-head" },
      element("b", { class: "wb-letter", "data-event": event.at }, event.letter), element("span", { class: "wb-screen-title" }, title),
      element("code", {}, event.event_id.slice(0, 8)),
      element("button", { type: "button", class: "wb-remove", "aria-label": say("removeEvent", { letter: event.letter, title }), title: say("removeEvent", { letter: event.letter, title }), onclick: () => this.board.without(event) }, "×"),
    );
    const where = element("div", { class: "wb-outside", role: "status" });
    const root = element("section", { class: "wb-screen-place", "aria-label": `${event.letter}: ${title}` }, head);
    if (!event.copy_url) {
      root.append(element("p", { class: "wb-no-copy" }, say(event.why_none)));
      return { event, root, where };
    }
    const place = element("div");
    const model = new LocalModel({
      url: "", copy_url: event.copy_url, frame_seconds: event.index.seconds.buffer.slice(event.index.seconds.byteOffset, event.index.seconds.byteOffset + event.index.seconds.byteLength),
      start_seconds: event.start_seconds, end_seconds: event.end_seconds, boxes: null, views: [], markers: [], loop: [], seek: [0, 0], frame_size_px: [0, 0], threshold: 0, language: this.board.language,
    });
    const player = new Player(model, place);
    player.onKey = (pressed) => this.board.pressed(pressed);
    player.act = () => false;
    place.setAttribute("aria-label", `${say("player")} ${event.letter}`);
    Object.values(player.clips).forEach(({ video }) => Object.assign(video, { muted: event.at > 0 }));
    model.on("change:seconds", () => this.#reported(event));
    root.append(place, where);
    return { event, root, where, player };
  }

  get playing() {
    return this.lead !== null || Boolean(this.ticking);
  }

  get #filmed() {
    return this.screens.filter(({ player, event }) => player && this.board.shifts[event.at] !== null);
  }

  /** Seconds in a copy at a time of the page. */
  #own(event, now) {
    return now + this.board.shifts[event.at] - event.offset_seconds;
  }

  #isInside(event, now) {
    const own = this.#own(event, now);
    return own >= 0 && own < event.end_seconds;
  }

  /** Show every copy at a time of the page; what was not filmed then says so. */
  show(now) {
    this.pause();
    this.#filmed.forEach(({ player, event }) => player.show(player.index.frameAt(this.#own(event, now))));
    this.tell(now);
  }

  tell(now) {
    for (const { event, where, player } of this.screens) {
      if (!player) continue;
      const shift = this.board.shifts[event.at];
      const own = shift === null ? 0 : this.#own(event, now);
      const word = shift === null ? "cannotAlign" : own < 0 ? "notBegun" : own >= event.end_seconds ? "ended" : "";
      where.textContent = word && this.board.say(word);
    }
  }

  /** So many frames on, of the first copy that is there. */
  step(frames) {
    const screen = this.#filmed.find(({ event }) => this.#isInside(event, this.board.now)) ?? this.#filmed[0];
    if (!screen) return;
    const { event, player } = screen;
    const frame = player.index.clamp(player.leader.target + frames);
    this.board.seek(player.index.seconds[frame] + event.offset_seconds - this.board.shifts[event.at]);
  }

  #reported(event) {
    if (this.lead?.event !== event) return;
    const { player } = this.lead;
    this.board.moved(player.index.seconds[player.frame] + event.offset_seconds - this.board.shifts[event.at]);
  }

  // ---- playing

  play() {
    const { now } = this.board;
    const first = this.#filmed.find(({ event }) => this.#isInside(event, now));
    if (!first) {
      this.#tick();
      return;
    }
    this.lead = first;
    this.#filmed.forEach(({ player }) => player.setRate(this.rate));
    first.player.play();
    this.#follow();
    this.timer = setInterval(() => this.#follow(), FOLLOW_MS);
    this.board.showPlaying();
  }

  /** Where no copy plays the time goes on all the same, so that the signals are followed, up to the end or a copy. */
  #tick() {
    const { board } = this;
    if (board.now >= board.extent[1]) return;
    let before = performance.now();
    this.ticking = setInterval(() => {
      const passed = (performance.now() - before) / 1000;
      before += 1000 * passed;
      const now = Math.min(board.now + passed * this.rate, board.extent[1]);
      board.moved(now);
      this.tell(now);
      const isFilmed = this.#filmed.some(({ event }) => this.#isInside(event, now));
      if (isFilmed || now === board.extent[1]) board.seek(now);
      if (isFilmed) this.play();
    }, TICK_MS);
    board.showPlaying();
  }

  #follow() {
    const { leader } = this.lead.player;
    if (leader.video.paused) {
      this.#nextLead();
      return;
    }
    const now = leader.seconds + this.lead.event.offset_seconds - this.board.shifts[this.lead.event.at];
    for (const screen of this.#filmed) if (screen !== this.lead) this.#keepUp(screen, now);
    this.tell(now);
  }

  #keepUp({ player, event }, now) {
    const { leader } = player;
    const { video } = leader;
    if (!this.#isInside(event, now)) {
      player.pause();
      return;
    }
    const late = this.#own(event, now) - leader.seconds;
    if (video.paused || Math.abs(late) > JUMP_SECONDS) leader.seconds = this.#own(event, now);
    if (video.paused) player.play();
    else video.playbackRate = this.rate * (1 + Math.max(-MOST_SPEEDING, Math.min(MOST_SPEEDING, late)));
  }

  /** The copy that led has ended or was stopped: another leads, or all stop. */
  #nextLead() {
    const next = this.#filmed.find(({ player }) => player !== this.lead.player && player.playing);
    if (next) this.lead = next;
    else this.pause();
  }

  pause() {
    clearInterval(this.timer);
    clearInterval(this.ticking);
    if (!this.playing) return;
    Object.assign(this, { lead: null, ticking: 0 });
    this.#filmed.forEach(({ player }) => player.pause());
    this.board.showPlaying();
  }

  setRate(rate) {
    this.rate = rate;
    this.#filmed.forEach(({ player }) => player.setRate(rate));
  }

  close() {
    clearInterval(this.timer);
    clearInterval(this.ticking);
    this.screens.forEach(({ player }) => player?.close());
  }
}
