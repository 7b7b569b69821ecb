// The page of an event: its room view, and who can open it; jobs.js starts and follows its jobs.
import { ask, attempt } from "./ask.js";
import { DrawnView } from "./drawing.js";
import { showKeys } from "./keys.js";
import { say } from "./pagewords.js";

const find = (id) => document.getElementById(id);
const { event } = document.querySelector("main > [data-event]").dataset;

find("view")?.addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const { view } = Object.fromEntries(new FormData(submitted.target));
  await attempt(() => ask(`/events/${event}/view`, { view: view.trim() }), ({ room_view: room }) => {
    const text = [room.x, room.y, room.width, room.height].join(",");
    find("room").textContent = text;
    find("no-view")?.remove();
    return say("ev_viewIs", { view: text });
  });
});
if (find("draw")) new DrawnView(event, find("draw"), find("drawing"), find("view").elements.view);
if (find("keys")) showKeys(event).catch((error) => attempt(() => Promise.reject(error), ""));
