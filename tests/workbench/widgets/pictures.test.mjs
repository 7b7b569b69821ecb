import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameIndex } from "../../../workbench/widgets/js/src/model/frame_index.js";
import { PictureClip } from "../../../workbench/widgets/js/src/pictures.js";

globalThis.createImageBitmap = async (blob) => ({ bytes: await blob.text(), width: 320, height: 180, close() {} });
const arrival = () => new Promise((resolve) => setTimeout(resolve, 5));

/** A clip of ten frames of 10 ms, and what it asks for. */
function opened() {
  const [asked, shown, failed, listeners] = [[], [], [], []];
  const model = {
    on: (_, listener) => listeners.push(listener),
    off: (_, listener) => listeners.splice(listeners.indexOf(listener), 1),
    send: (content) => asked.push(content),
  };
  const index = new FrameIndex(Float64Array.from({ length: 10 }, (_, at) => at / 100), 0.1);
  const clip = new PictureClip(model, "copy", index, (each) => shown.push(each.frame), (sentence) => failed.push(sentence));
  const answer = async (frame, more = {}) => {
    listeners.forEach((listener) => listener({ kind: "picture", which: "copy", frame, ...more }, [new TextEncoder().encode(`frame ${frame}`)]));
    await arrival();
  };
  return { clip, asked, shown, failed, listeners, answer };
}

test("of several frames asked for while one is on its way, the last is shown", async () => {
  const { clip, asked, shown, answer, listeners } = opened();
  [0, 3, 5, 99].forEach((frame) => clip.show(frame));
  assert.deepEqual(asked, [{ kind: "picture", which: "copy", frame: 0 }]);
  assert.deepEqual([clip.ready, clip.frame, clip.target], [false, -1, 9]);
  await answer(7);
  await answer(0, { which: "original" });
  assert.equal(clip.ready, false);
  await answer(0);
  assert.deepEqual(asked.map((each) => each.frame), [0, 9]);
  await answer(9);
  assert.deepEqual([shown, clip.frame, clip.seeking, clip.videoWidth], [[0, 9], 9, false, 320]);
  let painted;
  clip.withFrame((picture) => { painted = picture.bytes; });
  assert.equal(painted, "frame 9");
  clip.close();
  assert.deepEqual([clip.ready, listeners], [false, []]);
});

test("playing shows every frame to the end, however late one comes", async () => {
  const { clip, asked, shown, answer } = opened();
  let isAtEnd = false;
  clip.addEventListener("ended", () => { isAtEnd = true; clip.pause(); });
  clip.show(6);
  await answer(6);
  clip.play();
  for (const frame of [7, 8, 9]) {
    while (asked.at(-1).frame !== frame) await arrival();
    assert.equal(isAtEnd, false);
    await answer(frame);
  }
  while (!isAtEnd) await arrival();
  assert.deepEqual([shown, clip.paused], [[6, 7, 8, 9], true]);
  clip.close();
});

test("what cannot be shown stops playing with the program's sentence", async () => {
  const { clip, failed, answer } = opened();
  clip.play();
  clip.show(2);
  await answer(2, { message: "the archive is closed" });
  assert.deepEqual([failed, clip.paused, clip.ready, clip.error], [["the archive is closed"], true, false, "the archive is closed"]);
  clip.close();
});
