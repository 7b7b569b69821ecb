import assert from "node:assert/strict";
import test from "node:test";
import { PIECE } from "../../../workbench/widgets/js/src/model/recording.js";
import { follow } from "../../../workbench/widgets/js/src/record_link.js";

const answer = (content, status = 200) => new Response(JSON.stringify(content), { status });

/** What is sent of a watched job where it ends for this person at once. */
function end(content) {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  const piece = new Uint8Array(5 + bytes.length);
  piece.set([PIECE.end, 0, 0, 0, bytes.length]);
  piece.set(bytes, 5);
  return new Response(piece);
}

/** Follow a job that is watched once and is done then; returns what the page hears. */
async function heard(t, watched) {
  const states = ["running", "done"];
  t.mock.method(globalThis, "fetch", async (path) => (path.endsWith("/watch") ? watched : answer({ job: { state: states.shift() } })));
  t.mock.method(globalThis, "setTimeout", (step) => queueMicrotask(step));
  const found = [];
  const reach = (isReached, error) => found.push(isReached ? error?.content ?? "reached" : "cut");
  await follow("j1", { isOver: () => false, job: ({ state }) => found.push(state), reach });
  return found;
}

test("a page hears why it may not watch a recording, before it begins or in its last piece", async (t) => {
  const said = { name: "session_ended", values: {} };
  const refused = { error: "watched too often", code: "WrongState", said: null };
  const ended = { error: "NotAllowed", sentence: "the session has ended", said };
  assert.deepEqual(await heard(t, answer(refused, 429)), ["reached", "running", refused, "reached", "done"]);
  assert.deepEqual(await heard(t, end(ended)), ["reached", "running", { error: "the session has ended", code: "NotAllowed", said }, "reached", "done"]);
  assert.deepEqual(await heard(t, end({})), ["reached", "running", "reached", "done"]);
});
