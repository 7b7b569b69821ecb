import assert from "node:assert/strict";
import { test } from "node:test";
import { fromCorrections, toCorrections } from "../../../workbench/widgets/js/src/model/corrections.js";
import { Drafts } from "../../../workbench/widgets/js/src/model/drafts.js";
import { afterTheirs, changesBetween, isChangedTwice, withChanges } from "../../../workbench/widgets/js/src/model/merging.js";

const row = (id, left, action = "add", track = 1) => ({
  correction_id: id, action, track, keyframes: [{ frame_index: 3, box_xyxy_px: [left, 0, left + 10, 10], note: "" }],
});
const said = (rows) => rows.map((each) => each.keyframes[0].box_xyxy_px[0]);
/** What one person has after another changed the same list. */
const merged = (before, mine, theirs) => withChanges(theirs, changesBetween(before, mine));

test("what two people add is kept, and what either takes back is gone", () => {
  const before = [row("1", 10), row("2", 20), row("3", 30)];
  const mine = [row("1", 10), row("2", 20), row("page-1", 40)];
  const theirs = [row("2", 20), row("3", 30), row("4", 50)];
  assert.deepEqual(said(merged(before, mine, theirs)), [20, 50, 40]);
});

test("where both change the same one, both stay; what one takes back and the other changes stays, too", () => {
  const before = [row("1", 10)];
  assert.deepEqual(said(merged(before, [row("1", 11)], [row("5", 12)])), [12, 11]);
  assert.ok(isChangedTwice(changesBetween(before, [row("1", 11)]), changesBetween(before, [row("5", 12)])));
  assert.ok(!isChangedTwice(changesBetween(before, []), changesBetween(before, [row("5", 12)])));
  assert.deepEqual(said(merged(before, [], [row("5", 12)])), [12]);
  assert.deepEqual(said(merged(before, [row("1", 11)], [])), [11]);
});

test("two new people of two reviewers stay two, whatever number both gave them", () => {
  const known = [row("1", 10, "add", 3)];
  const mine = changesBetween(known, [...known, row("a", 40, "add", 4), row("b", 50, "add", 5), row("c", 60, "add", 3)]);
  const theirs = [...known, row("7", 70, "add", 4)];
  assert.deepEqual(afterTheirs(mine, known, theirs, 3).added.map((each) => each.track), [5, 6, 3]);
  assert.deepEqual(afterTheirs(mine, known, known, 3), mine);
  // one's own, that was saved though the answer was lost
  assert.deepEqual(afterTheirs(mine, known, [...known, row("7", 40, "add", 4)], 3).added.map((each) => each.track), [4, 6, 3]);
});

test("what was saved though the answer was lost is a person's own, by what it says", () => {
  const mine = [row("1", 10), row("page-1", 40)];
  const theirs = [row("1", 10), row("7", 40)];
  assert.deepEqual(merged([row("1", 10)], mine, theirs), theirs);
});

test("a correction without a track goes back as it came", () => {
  const rows = [row("1", 10, "add", -1), row("2", 20, "remove", -1), row("3", 30, "remove", 2)];
  const document = fromCorrections(rows, { next: 4, keys: 0, tracks: {}, zones: [] });
  const { added, dropped } = changesBetween(rows, toCorrections(document, { w: 640, h: 360 }, "page"));
  assert.deepEqual([added, dropped], [[], []]);
});

class Shelf {
  setItem(key, value) { this[key] = value; }
  getItem(key) { return this[key]; }
  removeItem(key) { delete this[key]; }
}

test("a draft is kept for the person and the event, and found once", () => {
  const shelf = new Shelf();
  const drafts = new Drafts(shelf, "event ana", "a");
  drafts.keep({ decisions: [1] });
  new Drafts(shelf, "event ana", "b").keep({ decisions: [2] });
  assert.deepEqual(new Drafts(shelf, "event rui", "c").take(), []);
  assert.deepEqual(new Drafts(shelf, "event ana", "d").take().map((each) => each.decisions[0]).sort(), [1, 2]);
  assert.deepEqual(drafts.take(), []);
  drafts.keep({ decisions: [3] });
  drafts.keep(null);
  assert.deepEqual(drafts.take(), []);
  assert.ok(drafts.isKept);
});

test("where the browser keeps nothing the page knows it", () => {
  const full = new Drafts({ setItem: () => { throw new Error("full"); } }, "event ana", "a");
  full.keep({ decisions: [] });
  assert.ok(!full.isKept);
  assert.deepEqual(full.take(), []);
});
