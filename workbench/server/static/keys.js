// Who can open what of an event; a person whose profile may gives keys, and takes them back.
import { ask, attempt, button, cells, made, nameCells } from "./ask.js";

const NAMES = { original: "original", deidentified: "copy", identity: "names", deidentification: "copy's report", screenshot: "screenshots" };
const named = (kinds) => kinds.map((each) => NAMES[each] ?? each).join(", ");
const root = () => document.getElementById("keys");

async function change(event, person, step, content, said) {
  const words = document.getElementById("words");
  const sent = { login: person.user_id, ...content, ...(step === "grant" && words?.value ? { recovery_words: words.value } : {}) };
  const isDone = await attempt(() => ask(`/events/${event}/keys/${step}`, sent), said);
  if (isDone && words) words.value = "";
  await showKeys(event).catch(() => {});
}

function row(event, person) {
  const { user_id: login, holds, may_hold: may, profile, is_disabled: isDisabled } = person;
  const lacks = may.filter((kind) => !holds.includes(kind));
  const acts = [];
  if (lacks.length && !isDisabled) acts.push(button("Grant", `Grant ${login} the keys`, () => change(event, person, "grant", { kinds: lacks }, `${login} can open now: ${named(lacks)}.`)));
  if (holds.length) acts.push(button("Revoke", `Revoke the keys of ${login}`, () => change(event, person, "revoke", {}, `${login} cannot open this event any more. What was exported or watched before is not taken back.`)));
  const opens = holds.length ? named(holds) : made("span", "nothing", "muted");
  const could = lacks.length ? named(lacks) : made("span", "nothing more", "muted");
  const made_ = cells([[made("b", login), " ", made("span", isDisabled ? `${profile}, disabled` : profile, "muted")], opens, could, acts]);
  for (const place of [1, 2]) made_.cells[place].className = "wraps";
  made_.cells[3].className = "acts";
  return made_;
}

export async function showKeys(event) {
  const { people } = await ask(`/events/${event}/keys`);
  const shown = people.filter((each) => each.holds.length || each.may_hold.length);
  root().replaceChildren(...shown.map((each) => row(event, each)));
  if (!shown.length) root().append(cells(["nobody's profile opens anything of this event"]));
  nameCells(root().closest("table"));
}
