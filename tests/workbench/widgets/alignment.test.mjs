import assert from "node:assert/strict";
import { test } from "node:test";
import { Clip } from "../../../workbench/widgets/js/src/clip.js";
import { alignWith, pauseTogether } from "../../../workbench/widgets/js/src/model/alignment.js";
import { FrameIndex } from "../../../workbench/widgets/js/src/model/frame_index.js";

const FPS = 30;
const index = new FrameIndex(Float64Array.from({ length: 600 }, (_, at) => at / FPS), 600 / FPS);

/** A video element that shows a frame, and ends a seek, when the test says so. */
class FakeVideo extends EventTarget {
  readyState = 2;
  seeking = false;
  seeks = [];

  requestVideoFrameCallback(callback) {
    this.callback = callback;
  }

  set currentTime(seconds) {
    this.seeking = true;
    this.seeks.push(Math.floor(seconds * FPS));
  }

  present(frame) {
    this.callback(0, { mediaTime: frame / FPS });
  }

  arrive() {
    this.seeking = false;
    this.present(this.seeks.at(-1));
    this.dispatchEvent(new Event("seeked"));
  }

  pause() {}
}

globalThis.document = { createElement: () => new FakeVideo() };
globalThis.HTMLMediaElement = { HAVE_CURRENT_DATA: 2 };

/** The original, which leads, and the copy, both playing at a frame; a pair that is paused stays aligned. */
function playing(frame) {
  const copy = new Clip("copy", index, () => {}, () => {});
  const original = new Clip("original", index, (leader) => alignWith(leader, [copy]), () => {});
  copy.video.present(frame);
  original.video.present(frame);
  return { original, copy };
}

test("the leader's last frame arrives after the pause, and the copy follows it", () => {
  const { original, copy } = playing(309);
  pauseTogether(original, [copy]);
  assert.deepEqual(copy.video.seeks, [309]);
  original.video.present(312);
  copy.video.arrive();
  copy.video.arrive();
  assert.deepEqual([original.frame, copy.frame, copy.target], [312, 312, 312]);
  assert.deepEqual([original.video.seeks, copy.video.seeks], [[], [309, 312]]);
});

test("the copy's last frame arrives after the pause, and it goes back to the leader's", () => {
  const { original, copy } = playing(309);
  pauseTogether(original, [copy]);
  copy.video.present(311);
  copy.video.arrive();
  assert.deepEqual([original.frame, copy.frame], [309, 309]);
  original.video.present(309);
  assert.deepEqual(copy.video.seeks, [309]);
});

test("a leader that seeks when it is paused takes the copy along", () => {
  const { original, copy } = playing(100);
  original.show(20);
  copy.show(20);
  copy.video.arrive();
  copy.video.present(24);
  pauseTogether(original, [copy]);
  original.video.arrive();
  copy.video.arrive();
  assert.deepEqual([original.frame, copy.frame], [20, 20]);
});
