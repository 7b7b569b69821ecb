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

/** A person's key of an event. */
const keyOf = (number) => new DataView(new Uint8Array(32).fill(number).buffer);

test("a draft is kept for the person and the event, and found once", async () => {
  const shelf = new Shelf();
  const drafts = new Drafts(shelf, keyOf(1), "a");
  await drafts.keep({ decisions: ["a poster"] });
  await new Drafts(shelf, keyOf(1), "b").keep({ decisions: ["a face"] });
  assert.deepEqual(await new Drafts(shelf, keyOf(2), "c").take(), []);
  const found = await new Drafts(shelf, keyOf(1), "d").take();
  assert.deepEqual(found.map((each) => each.decisions[0]).sort(), ["a face", "a poster"]);
  assert.deepEqual(await new Drafts(shelf, keyOf(1), "e").take(), []);
  await drafts.keep({ decisions: ["a face"] });
  await drafts.keep(null);
  assert.deepEqual(Object.keys(shelf), []);
  assert.ok(drafts.isKept);
});

test("who has another key reads nothing of a draft, nor whose it is", async () => {
  const shelf = new Shelf();
  await new Drafts(shelf, keyOf(1), "a").keep({ decisions: ["a poster"] });
  const [[name, text]] = Object.entries(shelf);
  assert.match(name, /^workbench-draft [0-9a-f]{16} a$/);
  assert.ok(!atob(text.split(" ")[2]).includes("poster"));
  const way = (iv) => ({ name: "AES-GCM", iv, additionalData: new TextEncoder().encode(`${name} ${text.split(" ")[0]}`) });
  const another = await crypto.subtle.importKey("raw", keyOf(2), "AES-GCM", false, ["decrypt"]);
  const [iv, sealed] = text.split(" ").slice(1).map((each) => Uint8Array.from(atob(each), (sign) => sign.charCodeAt(0)));
  await assert.rejects(crypto.subtle.decrypt(way(iv), another, sealed));
  const own = await crypto.subtle.importKey("raw", keyOf(1), "AES-GCM", false, ["decrypt"]);
  const clear = await crypto.subtle.decrypt(way(iv), own, sealed);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(clear)), { decisions: ["a poster"] });
});

test("a draft that was copied to another name, or made newer, is nobody's; whatever the clock says now, its person has it", async () => {
  const shelf = new Shelf();
  await new Drafts(shelf, keyOf(1), "a").keep({ decisions: ["a poster"] });
  const [[name, text]] = Object.entries(shelf);
  const [day, ...sealed] = text.split(" ");
  const found = async (key, value) => {
    const changed = new Shelf();
    changed.setItem(key, value);
    return new Drafts(changed, keyOf(1), "z").take();
  };
  assert.deepEqual(await found(name.replace(/a$/, "b"), text), []);
  assert.deepEqual(await found(name, [Number(day) + 1, ...sealed].join(" ")), []);
  const { now } = Date;
  Date.now = () => Number(day) + 31 * 24 * 3600 * 1000;
  assert.deepEqual(await found(name, text), [{ decisions: ["a poster"] }]);
  Date.now = now;
  assert.deepEqual(await found(name, text), [{ decisions: ["a poster"] }]);
});

test("of two drafts the later one is kept, and what nobody came back for is not", async () => {
  const shelf = new Shelf();
  const drafts = new Drafts(shelf, keyOf(1), "a");
  await Promise.all([drafts.keep({ decisions: [1] }), drafts.keep({ decisions: [2] })]);
  assert.ok(drafts.isKept);
  shelf.setItem("workbench-draft 0011223344556677 z", `${Date.now() - 31 * 24 * 3600 * 1000} AAAA AAAA`);
  shelf.setItem("workbench-draft event ana", "in clear, of an earlier version");
  assert.deepEqual(await new Drafts(shelf, keyOf(1), "b").take(), [{ decisions: [2] }]);
  assert.deepEqual(Object.keys(shelf), []);
});

test("where the browser keeps nothing the page knows it", async () => {
  const full = new Drafts({ setItem: () => { throw new Error("full"); } }, keyOf(1), "a");
  await full.keep({ decisions: [] });
  assert.ok(!full.isKept);
  const without = new Drafts(new Shelf(), new DataView(new ArrayBuffer(0)), "a");
  await without.keep({ decisions: [] });
  assert.ok(!without.isKept);
  assert.deepEqual(await without.take(), []);
});
