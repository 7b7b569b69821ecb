// The page of an event: its room view, and who can open it; jobs.js starts and follows its jobs.
import { ask, attempt } from "./ask.js";
import { showKeys } from "./keys.js";

const find = (id) => document.getElementById(id);
const { event } = document.querySelector("main > [data-event]").dataset;

find("view")?.addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const { view } = Object.fromEntries(new FormData(submitted.target));
  await attempt(() => ask(`/events/${event}/view`, { view: view.trim() }), ({ room_view: room }) => {
    const text = [room.x, room.y, room.width, room.height].join(",");
    find("room").textContent = text;
    find("no-view")?.remove();
    return `The room view is ${text}. The next copy is made with it; what was made already stays as it is.`;
  });
});
if (find("keys")) showKeys(event).catch((error) => attempt(() => Promise.reject(error), ""));
