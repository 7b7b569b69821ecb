// Beside the picture: everything about the moment that is looked at.
import { element, shownKey } from "./dom.js";
import { clock } from "./model/frame_index.js";
import { REVIEW_KEYS } from "./model/keys.js";
import { lasting } from "./model/review.js";
import { whyOf } from "./review_queue.js";

export class Details {
  constructor(review) {
    this.review = review;
    this.say = review.say;
    this.root = element("section", { class: "wb-details", "aria-label": this.say("details") });
  }

  show(reviewed) {
    const about = this.review.model.get("about");
    const text = JSON.stringify([reviewed, about]);
    if (text === this.shown) return;
    this.shown = text;
    const { say } = this;
    const second = about.waits ? [element("p", { class: "wb-second" }, say(about.has_signed ? "secondByOther" : "secondByYou", { who: about.signed_off_by }))] : [];
    this.root.replaceChildren(...second, element("h2", {}, say("thisMoment")));
    if (!reviewed) {
      this.root.append(element("p", { class: "wb-muted" }, say("noMoment")));
      return;
    }
    const { moment, state, note, author } = reviewed;
    const reasons = moment.reasons.map((each) => element("li", {}, whyOf(each, say), each.seconds > 0 ? element("span", { class: "wb-muted" }, ` · ${lasting(each.seconds, say)}`) : null));
    const span = `${clock(moment.start_seconds)} – ${clock(moment.stop_seconds)}`;
    this.root.append(
      element("p", { class: "wb-span" }, span, element("span", { class: "wb-muted" }, ` · ${say("frames", { first: moment.first_frame, last: moment.stop_frame - 1 })}`)),
      element("ul", {}, ...reasons),
    );
    if (moment.is_spot_check) this.root.append(element("p", { class: "wb-muted" }, say("spotCheckWhy")));
    if (state !== "open") this.root.append(this.#decided(state, author, note));
    if (this.review.isReleased) this.root.append(element("p", { class: "wb-ok" }, say("releasedBy", { who: about.signed_off_by })));
  }

  #decided(state, author, note) {
    const { say } = this;
    const who = author ?? say("you");
    const again = element("button", { type: "button", onclick: () => this.review.act("reopen") }, say("lookAgain"), element("kbd", { "aria-hidden": "true" }, shownKey(REVIEW_KEYS.reopen[0])));
    return element(
      "div", { class: "wb-decided" },
      element("p", {}, `${say(`state_${state}`)} · ${who}`), note ? element("p", { class: "wb-note" }, note) : null,
      this.review.isReleased ? null : again,
    );
  }
}
