// The two questions that the page asks: why a moment is flagged, and whether the copy is released.
import { element, withhold } from "./dom.js";
import { progressOf } from "./model/review.js";

export function flagDialog(review) {
  const { say } = review;
  const reason = element("textarea", { id: "wb-reason", rows: 4, maxlength: 1000, required: true });
  const form = element(
    "form", { method: "dialog", onsubmit: (event) => {
      event.preventDefault();
      if (!reason.value.trim()) return;
      root.close();
      review.decide("flagged", reason.value.trim());
    } },
    element("h2", {}, say("flagTitle")), element("label", { for: "wb-reason" }, say("flagWhy")), reason,
    element("div", { class: "wb-dialog-buttons" }, element("button", { type: "button", onclick: () => root.close() }, say("cancel")), element("button", { class: "wb-main" }, say("flag"))),
  );
  const root = element("dialog", { class: "wb-dialog", "aria-label": say("flagTitle") }, form);
  return {
    root,
    open({ note }) {
      reason.value = note ?? "";
      root.showModal();
    },
  };
}

export function signOffDialog(review) {
  const { say, model } = review;
  const facts = element("dl", {});
  const what = element("p", { class: "wb-muted" });
  // what is wrong is said here too: the dialog covers the page's own line
  const problem = element("p", { class: "wb-problem", role: "alert", hidden: true });
  const sign = element("button", { type: "button", class: "wb-main", onclick: () => {
    root.close();
    review.sign(model.get("statement").copy);
  } }, say("signOffNow"));
  const root = element(
    "dialog", { class: "wb-dialog", "aria-label": say("signOffTitle") },
    element("h2", {}, say("signOffTitle")), what, facts, problem,
    element("div", { class: "wb-dialog-buttons" }, element("button", { type: "button", onclick: () => root.close() }, say("cancel")), sign),
  );
  const show = () => {
    const { needs_two: two, waits, signed_off_by: who } = model.get("about");
    what.textContent = say(two && !waits ? "signOffFirst" : "signOffText");
    facts.replaceChildren(...[...statementRows(model.get("statement"), progressOf(review.moments), say), ...(waits ? [[say("statementFirst"), who]] : [])].flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
    const { counts, copy } = model.get("statement");
    withhold(sign, counts && copy === review.seenCopy ? "" : `${say("statement")}: ${say("loading")}`);
  };
  model.on("change:statement", show);
  return {
    root,
    problem,
    show,
    open() {
      review.ask("statement");
      show();
      root.showModal();
    },
  };
}

/** What the sign-off states, in words. */
function statementRows(statement, { all }, say) {
  const { counts } = statement;
  if (!counts) return [[say("statement"), say("loading")]];
  const bound = statement.missed_share_bound;
  const { spot_checks_done: count, spot_checks_with_faces: faces } = counts;
  const spots = bound ? say("spotBound", { count, percent: Math.round(100 * bound) }) : say(faces ? "spotFaces" : "spotNoBound", { count, faces });
  const checked = statement.frames_checked ?? statement.frame_count;
  const gap = statement.longest_gap_seconds;
  return [
    [say("statementFrames"), say("ofCount", { part: checked, all: statement.frame_count })],
    [say("statementMoments"), say("momentsDecided", { all, corrected: counts.corrected })],
    [say("statementCorrections"), String(statement.corrections)],
    [say("statementGap"), gap === null ? say("notKnown") : `${say.number(gap, 2)} s`],
    [say("statementSpots"), spots],
  ];
}

