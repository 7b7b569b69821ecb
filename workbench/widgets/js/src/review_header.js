// The line at the top: what is reviewed, how far it is, what was saved, what a sign-off lacks.
import { element, shownKey, withhold } from "./dom.js";
import { clock } from "./model/frame_index.js";
import { EDITOR_KEYS } from "./model/keys.js";
import { progressOf } from "./model/review.js";
import { languageChoice, themeButton } from "./page_choices.js";

export class Header {
  constructor(review) {
    this.review = review;
    const { say } = review;
    this.say = say;
    this.what = element("span", { class: "wb-what" });
    this.state = element("span", { class: "wb-pill" });
    this.progress = element("span", { class: "wb-progress" });
    this.bar = element("progress", { max: 1, value: 0, "aria-label": say("progress") });
    this.saved = element("span", { class: "wb-muted wb-saved", role: "status" });
    this.undo = element("button", { type: "button", class: "wb-undo", onclick: () => review.editor.act("undo") }, say("undo"), element("kbd", { "aria-hidden": "true" }, shownKey(EDITOR_KEYS.undo[0])));
    this.rerender = element("button", { type: "button", onclick: () => review.rerender() });
    this.signOff = element("button", { type: "button", class: "wb-signoff", onclick: () => review.signOff.open() });
    this.theme = themeButton(say);
    this.connection = element("div", { class: "wb-connection", role: "alert", hidden: true });
    this.line = element(
      "div", { class: "wb-line" },
      element("a", { class: "wb-brand", href: "/library", title: say("library") }, "‹ ", say("library")), element("b", {}, say("review")), this.what, this.state,
      element("span", { class: "wb-grow" }), this.progress, this.bar, this.saved, this.undo, this.rerender, this.signOff, languageChoice(review.model.get("language"), say), this.theme,
    );
    this.root = element("header", { class: "wb-head" }, this.line, this.connection);
  }

  show(moments) {
    const { say, review } = this;
    const { model } = review;
    const about = model.get("about");
    const counts = progressOf(moments);
    const job = model.get("job");
    this.what.textContent = `${about.procedure ?? ""} · ${clock(review.player.index.endSeconds, 0)} · ${(about.event_id ?? "").slice(0, 8)}`;
    this.what.title = this.what.textContent;
    this.state.textContent = say(about.waits ? "secondAsked" : `event_${about.state}`);
    const isWorking = job.kind && job.state !== "failed";
    const percent = Math.round(100 * (job.progress ?? 0));
    this.progress.textContent = isWorking
      ? say(job.state === "full" ? "job_full" : `job_${job.kind}`, { percent, who: job.by })
      : counts.all ? say("progressOf", { done: counts.done, all: counts.all, minutes: counts.minutes }) : "";
    this.bar.value = isWorking ? job.progress : counts.done / Math.max(counts.all, 1);
    this.bar.hidden = !isWorking && !counts.all;
    if (job.state === "failed" && this.failed !== job.error) review.tell(say("jobFailed", { error: job.error }));
    this.failed = job.state === "failed" ? job.error : null;
    this.#showButtons(counts, isWorking);
  }

  #showButtons(counts, isWorking) {
    const { say, review } = this;
    const lacking = review.model.get("not_rendered");
    this.rerender.hidden = !lacking || review.isReleased || review.mainName === "rerender";
    const { left, flagged, all } = counts;
    const waits = isWorking ? say(`lacks_${review.model.get("job").kind}`) : "";
    this.rerender.textContent = `${say("renderAgain")}: ${waits || say("countNew", { count: lacking })}`;
    withhold(this.rerender, waits);
    const lacks = [left && say("lacksLeft", { count: left }), flagged && say("lacksFlagged", { count: flagged }), lacking && say("lacksRendering"), waits, !all && !waits && say("lacksMoments")].filter(Boolean);
    this.signOff.hidden = review.isReleased || Boolean(review.model.get("about").has_signed);
    this.signOff.textContent = review.isSigning ? say("main_signing") : lacks.length ? `${say("signOff")}: ${lacks[0]}` : say("signOff");
    withhold(this.signOff, review.isSigning ? say("main_signing") : lacks.join(", "));
    withhold(this.undo, review.editor.history?.past.length ? "" : say("nothingToUndo"));
  }

  showSaving({ state, at, message, revision, savedRevision }) {
    const time = at ? new Date(at).toTimeString().slice(0, 8) : "";
    const said = this.say(state, { time, message: message.replace(/\.$/, ""), count: revision - savedRevision });
    const isKept = state === "notSaved" || state === "refused";
    this.saved.textContent = state === "nothing" ? "" : isKept ? this.say(`${state}Short`) : said;
    this.saved.dataset.state = state;
    this.unsaved = isKept ? said : "";
    this.#showBanner();
  }

  showConnection(isLate) {
    this.late = isLate ? this.say("noConnection", { time: new Date().toTimeString().slice(0, 8) }) : "";
    this.#showBanner();
  }

  /** What is wrong, and what is kept: in a line of its own, so that nothing else moves aside. */
  #showBanner() {
    const sentence = this.late || this.unsaved || "";
    if (this.connection.textContent !== sentence) this.connection.textContent = sentence;
    this.connection.hidden = !sentence;
  }

  close() {
    this.theme.endTheme();
  }
}
