// Who can open what of an event; a person whose profile may gives keys, and takes them back.
import { ask, attempt, button, cells, made, nameCells } from "./ask.js";
import { say, sayOr } from "./pagewords.js";

const named = (kinds) => kinds.map((each) => sayOr(`key_${each}`, each)).join(", ");
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
  if (lacks.length && !isDisabled) acts.push(button(say("ev_grant"), say("ev_grantTo", { who: login }), () => change(event, person, "grant", { kinds: lacks }, say("ev_granted", { who: login, what: named(lacks) }))));
  if (holds.length) acts.push(button(say("ev_revoke"), say("ev_revokeOf", { who: login }), () => change(event, person, "revoke", {}, say("ev_revoked", { who: login }))));
  const opens = holds.length ? named(holds) : made("span", say("ev_nothing"), "muted");
  const could = lacks.length ? named(lacks) : made("span", say("ev_nothingMore"), "muted");
  const made_ = cells([[made("b", login), " ", made("span", [say(`profile_${profile}`), ...(isDisabled ? [say("adm_disabled")] : [])].join(", "), "muted")], opens, could, acts]);
  for (const place of [1, 2]) made_.cells[place].className = "wraps";
  made_.cells[3].className = "acts";
  return made_;
}

export async function showKeys(event) {
  const { people } = await ask(`/events/${event}/keys`);
  const shown = people.filter((each) => each.holds.length || each.may_hold.length);
  root().replaceChildren(...shown.map((each) => row(event, each)));
  if (!shown.length) root().append(cells([say("ev_nobody")]));
  nameCells(root().closest("table"));
}
