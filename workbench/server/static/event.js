// The page of an event: its original, its names, its room view, and who can open it; jobs.js starts and follows its jobs.
import { answered, API, ask, attempt, made, nameCells } from "./ask.js";
import { DrawnView } from "./drawing.js";
import { showKeys } from "./keys.js";
import { say } from "./pagewords.js";

const find = (id) => document.getElementById(id);
const { event } = document.querySelector("main > [data-event]").dataset;

const NAMES = { rec_patient: "patient_name", rec_medical: "medical_record", ev_physicians: "physician_names", ev_place: "place", ev_procedure: "procedure_name", rec_notes: "notes", ev_source: "source_name" };

/** When each frame of the original is shown, and when the first one is by the clock of its file. */
async function frameTimes() {
  const answer = await answered(`/events/${event}/frames/original?format=int64`);
  const [numerator, denominator] = answer.headers.get("Time-Base").split("/").map(Number);
  const pts = new BigInt64Array(await answer.arrayBuffer());
  const seconds = (units) => (Number(units) * numerator) / denominator;
  return { seconds: Float64Array.from(pts, (each) => seconds(each - pts[0])), start: Math.max(seconds(pts[0] ?? 0n), 0) };
}

/** The original comes once somebody asks for it: the log says who did. */
class Original {
  constructor(opener, root) {
    Object.assign(this, { opener, root });
    opener.addEventListener("click", () => this.show(0));
    for (const row of document.querySelectorAll("#markers tbody tr")) {
      row.querySelector("button")?.addEventListener("click", () => this.show(Number(row.dataset.seconds)));
    }
  }

  show(seconds) {
    return attempt(async () => {
      this.opening ??= this.#open().catch((error) => {
        this.opening = null;
        throw error;
      });
      (await this.opening).seek(seconds);
      this.root.scrollIntoView({ block: "nearest" });
    }, "");
  }

  async #open() {
    const [{ openOriginal }, times] = await Promise.all([import("./original.js"), frameTimes()]);
    const { lasts, room } = this.opener.dataset;
    const rows = [...document.querySelectorAll("#markers tbody tr")];
    const markers = rows.map(({ dataset }) => ({ label: dataset.kind, seconds: Number(dataset.seconds) }));
    this.root.hidden = false;
    this.opener.closest("p").hidden = true;
    return openOriginal(this.root, { files: `${API}/events/${event}/files`, ...times, end: Number(lasts), room: room ? room.split(",").map(Number) : [], markers });
  }
}

async function showNames(button) {
  const { names } = await ask(`/events/${event}/names`);
  const rows = Object.entries(NAMES).map(([word, name]) => [say(word), [names[name] ?? []].flat().join(", ")]);
  find("names").replaceChildren(...rows.flatMap(([label, text]) => [made("dt", label), made("dd", text || say("ev_notGiven"))]));
  find("names").hidden = false;
  button.closest("p").hidden = true;
}

for (const each of document.querySelectorAll("#markers, #signals")) nameCells(each);
if (find("play")) new Original(find("play"), find("player"));
find("show-names")?.addEventListener("click", ({ target }) => attempt(() => showNames(target), ""));
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
// what is clicked before this script listens would do nothing
document.querySelector("main").inert = false;
