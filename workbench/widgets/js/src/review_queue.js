// The queue: what to look at, why, and what was decided.
import { element } from "./dom.js";
import { isDone, isFlagged, lasting, startOf } from "./model/review.js";

/** Pixels of a thumbnail on the page. */
const THUMB = { w: 72, h: 44 };
const HIGH_RISK = 0.4;
const SIGNS = { accepted: "✓", corrected: "✎", flagged: "⚑", open: "" };

export class Queue {
  constructor(review) {
    this.review = review;
    this.say = review.say;
    this.root = element("nav", { class: "wb-queue", "aria-label": this.say("queue") });
    // the server decodes a frame for each: those that nobody scrolls to are not asked for
    this.seen = new IntersectionObserver((changes) => changes.filter((each) => each.isIntersecting).forEach(({ target }) => this.#load(target)), { rootMargin: "100px" });
  }

  show(moments, current) {
    const text = JSON.stringify([moments, current]);
    if (text === this.shown) return;
    this.shown = text;
    const hasFocus = this.root.contains(document.activeElement);
    const left = moments.filter((each) => !isDone(each));
    const done = moments.filter(isDone);
    this.seen.disconnect();
    this.root.replaceChildren(element("h1", {}, this.say("question")));
    if (!moments.length) this.root.append(element("p", { class: "wb-empty" }, this.say("notRanked")));
    else if (!left.length) this.root.append(element("p", { class: "wb-empty" }, this.say("queueEmpty")));
    this.#list(left, current);
    if (done.length) this.root.append(element("h2", {}, `${this.say("done")} · ${done.length}`));
    this.#list(done, current);
    if (hasFocus) this.root.querySelector('[aria-current="true"]')?.focus();
  }

  #list(moments, current) {
    if (moments.length) this.root.append(element("ol", {}, ...moments.map((each) => element("li", {}, this.#card(each, current)))));
  }

  #card(reviewed, current) {
    const { moment, image, state, author } = reviewed;
    const done = isDone(reviewed) ? "wb-done" : "";
    const risk = moment.is_spot_check ? "" : moment.risk >= HIGH_RISK ? "wb-high" : "wb-risk";
    const why = whyOf(moment.reasons[0], this.say);
    const verdict = state === "open" ? "" : `${SIGNS[state]} ${this.say(`state_${state}`)}${author ? ` · ${author}` : ""}`;
    const facts = [startOf(moment), lasting(moment.stop_seconds - moment.start_seconds, this.say)].join(" · ");
    const parts = [element("span", { class: `wb-why ${risk}` }, why), element("span", { class: "wb-muted" }, facts)];
    if (verdict) parts.push(element("span", { class: `wb-verdict ${isFlagged(reviewed) ? "wb-risk" : "wb-ok"}` }, verdict));
    return element(
      "button", {
        type: "button", class: `wb-card ${done}`, "data-id": moment.moment_id, "data-state": state,
        // one stop on the way by Tab: the keys for the next moment and the last one go through the others
        tabindex: moment.moment_id === current ? 0 : -1, "aria-current": moment.moment_id === current ? "true" : false,
        onclick: () => this.review.choose(moment.moment_id, { focus: true }),
      },
      this.#thumbnail(moment, image), element("span", { class: "wb-card-text" }, ...parts),
    );
  }

  /** The copy around the place that is meant. */
  #thumbnail({ region_xyxy_px: region, is_spot_check: isSpotCheck }, image) {
    const { size } = this.review.player;
    const view = this.review.model.get("views")[0];
    const [x0, y0, x1, y1] = isSpotCheck ? (view ? [view.x, view.y, view.x + view.w, view.y + view.h] : [0, 0, size.w, size.h]) : region;
    // at least a ninth of the frame, so that it is seen where it is
    const most = Math.min(size.w, (size.h * THUMB.w) / THUMB.h);
    const margin = isSpotCheck ? 1 : 1.4;
    const width = Math.min(most, Math.max((x1 - x0) * margin, ((y1 - y0) * margin * THUMB.w) / THUMB.h, size.w / 9));
    const scale = THUMB.w / width;
    const inside = (middle, whole, part) => Math.min(Math.max(middle - part / 2, 0), Math.max(whole - part, 0));
    const left = inside((x0 + x1) / 2, size.w, width);
    const top = inside((y0 + y1) / 2, size.h, THUMB.h / scale);
    const style = `width:${size.w * scale}px;transform:translate(${-left * scale}px,${-top * scale}px)`;
    const thumbnail = element("span", { class: "wb-thumb" }, element("img", { alt: "", style, "data-src": image }));
    this.seen.observe(thumbnail);
    return thumbnail;
  }

  #load(thumbnail) {
    this.seen.unobserve(thumbnail);
    thumbnail.firstChild.src = thumbnail.firstChild.dataset.src;
  }

  /** Scroll to the chosen moment. */
  reveal() {
    requestAnimationFrame(() => this.root.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" }));
  }

  close() {
    this.seen.disconnect();
  }
}

/** A reason in the person's language. */
export function whyOf({ kind, track }, say) {
  const person = track >= 0 ? ` · ${say("person", { id: track })}` : "";
  return `${say(`why_${kind}`)}${person}`;
}
