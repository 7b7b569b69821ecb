// Users, keys, mirror, release, retention and the log; the interface asks the profile for each step.
import { ask, attempt, button, cells, made, nameCells, say } from "./ask.js";
import { showKeys } from "./keys.js";
import { named, say as word, sayOr, sentence } from "./pagewords.js";

const NEWEST = 500;
/** Rows of the log that are shown at first, and how many more each time. */
const FIRST_ROWS = 10;
const MORE_ROWS = 50;
const PROFILES = ["operator", "reviewer", "researcher", "engineer", "administrator"];
const find = (id) => document.getElementById(id);
const fields = (form) => Object.fromEntries(new FormData(form));

function fill(id, rows) {
  find(id).replaceChildren(...rows);
  if (find(id).tagName === "TBODY") nameCells(find(id).closest("table"));
}

async function attemptAndShow(step, done) {
  const isDone = await attempt(step, done);
  if (isDone) await show().catch((error) => say(error.message, "fault"));
  return isDone;
}

// ---- users

function profileChoice(user) {
  const choice = document.createElement("select");
  choice.setAttribute("aria-label", word("adm_profileOf", { who: user.login }));
  choice.append(...PROFILES.map((each) => new Option(word(`profile_${each}`), each, false, each === user.profile)));
  choice.addEventListener("change", () => {
    const text = word("adm_isNow", { who: user.login, profile: word(`profile_${choice.value}`) });
    attemptAndShow(() => ask(`/users/${user.login}/profile`, { profile: choice.value }), text).then(showUsers);
  });
  return choice;
}

function userRow(user) {
  const step = user.is_disabled ? "enable" : "disable";
  const text = word(`adm_${step}`);
  const able = button(text, `${text} ${user.login}`, () => attemptAndShow(() => ask(`/users/${user.login}/${step}`, {}), word(user.is_disabled ? "adm_isEnabled" : "adm_isDisabled", { who: user.login })));
  const reset = button(word("adm_newPassword"), word("adm_newPasswordFor", { who: user.login }), () => openReset(user.login));
  const state = made("span", word(user.is_disabled ? "adm_disabled" : "adm_signsIn"), `state ${user.is_disabled ? "cancelled" : "done"}`);
  const row = cells([made("b", user.login), profileChoice(user), user.created_utc.slice(0, 10), state, [reset, able]]);
  row.lastElementChild.className = "acts";
  return row;
}

async function showUsers() {
  const { users } = await ask("/users");
  fill("users", users.map(userRow));
}

function openReset(login) {
  const dialog = find("reset");
  dialog.dataset.login = login;
  dialog.querySelector("form").reset();
  find("reset-title").textContent = word("adm_newPasswordFor", { who: login });
  find("reset-fault").hidden = true;
  hidePasswords();
  dialog.showModal();
}

async function resetPassword(event) {
  event.preventDefault();
  const { login } = find("reset").dataset;
  const { password, recovery_words: words, close_access: close } = fields(event.target);
  const content = { password, close_access: Boolean(close), ...(words ? { recovery_words: words } : {}) };
  try {
    const { sealed, closed } = await ask(`/users/${login}/password`, content);
    find("reset").close();
    event.target.reset();
    say(word("adm_isReset", { who: login, sealed: sealed.length, closed: closed.length }));
    await show();
  } catch (error) {
    find("reset-fault").textContent = error.message;
    find("reset-fault").hidden = false;
  }
}

/** Let what is typed be read, so that a slip is seen before somebody cannot sign in. */
function showPassword(shower, isShown) {
  find(shower.dataset.shows).type = isShown ? "text" : "password";
  shower.setAttribute("aria-pressed", isShown);
  shower.textContent = word(isShown ? "adm_hidePassword" : "adm_showPassword");
}

function hidePasswords() {
  for (const each of document.querySelectorAll("[data-shows]")) showPassword(each, false);
}

// ---- keys of an event

async function showEvents() {
  const { events } = await ask("/events");
  fill("events", events.map((each) => new Option(`${each.procedure_code}, ${each.started_utc.slice(0, 16).replace("T", " ")}`, each.event_id)));
}

async function choose(event) {
  event.preventDefault();
  const { event: chosen } = fields(event.target);
  find("people").hidden = !(await attempt(() => showKeys(chosen), ""));
}

// ---- mirror, release, retention

function mirrorText({ mirror, folder }) {
  return word(mirror ? "adm_mirrorIs" : "adm_mirrorNone", { mirror, folder });
}

async function setMirror(event) {
  event.preventDefault();
  const { folder } = fields(event.target);
  await attemptAndShow(async () => {
    const found = await ask("/mirror", { folder });
    await ask("/jobs/repair", {});
    return found;
  }, ({ before, is_on_same_disk: isSame }) => [
    word("adm_mirrorSet", { folder, job: word("jobs_kind_repair") }),
    before ? word("adm_mirrorBefore", { before }) : "",
    isSame ? word("adm_mirrorSame") : "",
    word("adm_mirrorNext"),
  ].filter(Boolean).join(" "));
}

function rule(each) {
  const days = (count) => word("adm_days", { count });
  const due = each.warn_after_days === null ? word("adm_never") : days(each.warn_after_days);
  const then = each.warn_after_days === null ? "" : word(each.deletes_itself ? "adm_isDeleted" : "adm_isTold");
  return cells([made("b", each.site_code), days(each.minimum_days), due, then]);
}

function setRule(event) {
  event.preventDefault();
  const { site_code: site, minimum_days: least, warn_after_days: due, deletes_itself: deletes } = fields(event.target);
  const content = { site_code: site, minimum_days: Number(least), deletes_itself: Boolean(deletes) };
  if (due) content.warn_after_days = Number(due);
  attemptAndShow(() => ask("/retention", content), word("adm_ruleSet", { site }));
}

// ---- what there is

/** By the name of what somebody should see: the form of this page for what is to be done. */
const FORMS = {
  no_rule: ({ site }) => ({
    label: word("adm_setRuleFor", { site }), part: "retention",
    field: () => {
      find("retain").elements.site_code.value = site;
      return find("retain").elements.minimum_days;
    },
  }),
  no_mirror: () => ({ label: word("adm_setMirror"), part: "mirrors", field: () => find("set-mirror").elements.folder }),
};

/** What somebody should see; where this page has a form for what is to be done, the form. */
function notice(text, said) {
  const form = FORMS[said?.name]?.(said.values);
  if (!form) return made("li", sentence(named(text, said)), "warn");
  // without the command, which the English sentence names
  const item = made("li", `${sentence(named(text, said).split(";")[0])} `, "warn");
  const link = made("a", form.label);
  link.href = `#${form.part}`;
  link.addEventListener("click", (event) => {
    // the browser's own way there would take the focus away again
    event.preventDefault();
    find(form.part).scrollIntoView();
    form.field().focus();
  });
  item.append(link);
  return item;
}

function attention(status) {
  const { said } = status;
  const faults = status.faults.map((text, at) => made("li", sentence(named(text, said.faults[at])), "bad"));
  // what is due is among the reminders
  const notices = ["reminders", "notices"].flatMap((kind) => status[kind].map((text, at) => notice(text, said[kind][at])));
  const all = [...faults, ...notices];
  fill("attention", all.length ? all : [made("li", word("adm_good"), "good")]);
  const events = Object.values(status.events_by_state).reduce((sum, each) => sum + each, 0);
  const free = (status.free_bytes / 2 ** 30).toFixed(0);
  const mirror = word(status.mirror ? "adm_yes" : "adm_none");
  find("facts").textContent = word("adm_facts", { events, files: status.file_count, free, mirror, rows: status.audit_rows });
}

/** In the details of the log: the names of words for what stands after a colon. */
const DETAILS = { role: "key", profile: "profile", from: "life", to: "life", job: "jobs_kind" };

/** The codes of a row of the log in the language of the person. */
function detailText(detail) {
  const say = (code) => named(code, { name: `det_${code}`, values: {} });
  return detail.split(" ").map((part) => {
    const [, code, value] = /^([a-z_]+):(.+)$/.exec(part) ?? [];
    if (!code || say(code) === code) return say(part);
    return `${say(code)}: ${DETAILS[code] ? sayOr(`${DETAILS[code]}_${value}`, value) : say(value)}`;
  }).join(", ");
}

function auditRow(row) {
  const outcome = made("span", sayOr(`outcome_${row.outcome}`, row.outcome), `outcome ${row.outcome}`);
  const event = row.event_id ? made("code", row.event_id) : "";
  return cells([row.seq, row.at_utc.slice(0, 19).replace("T", " "), `${row.who} (${sayOr(`profile_${row.profile}`, row.profile)})`, sayOr(`act_${row.action}`, row.action.replaceAll("_", " ")), event, outcome, detailText(row.detail)]);
}

/** Show the newest rows of the log that have what is searched for, so many of them. */
function search(count = FIRST_ROWS) {
  const text = find("search").elements.search.value.trim().toLowerCase();
  let found = 0;
  for (const row of find("audit").rows) {
    const fits = row.textContent.toLowerCase().includes(text);
    found += fits;
    row.hidden = !fits || found > count;
  }
  const more = find("more");
  more.hidden = found <= count;
  more.textContent = word("adm_more", { count: Math.min(MORE_ROWS, found - count) });
  more.onclick = () => search(count + MORE_ROWS);
}

async function show() {
  const [status, retention, audit] = await Promise.all([ask("/status"), ask("/retention"), ask(`/audit?newest=${NEWEST}`), showUsers()]);
  attention(status);
  find("mirror").textContent = mirrorText(status);
  for (const each of ["verify", "repair"]) find(each).disabled = !status.mirror;
  find("mirror-needed").hidden = Boolean(status.mirror);
  find("reviewers").elements.reviewers_needed.value = status.reviewers_needed;
  fill("rules", retention.rules.length ? retention.rules.map(rule) : [cells([word("adm_noRule")])]);
  fill("audit", audit.rows.toReversed().map(auditRow));
  search();
}

find("search").addEventListener("input", () => search());
find("search").addEventListener("submit", (event) => event.preventDefault());
find("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const content = fields(event.target);
  await attemptAndShow(() => ask("/users", content), word("adm_isAdded", { who: content.login, profile: word(`profile_${content.profile}`) }));
  event.target.elements.password.value = "";
  hidePasswords();
});
for (const each of document.querySelectorAll("[data-shows]")) each.addEventListener("click", () => showPassword(each, each.getAttribute("aria-pressed") === "false"));
find("choose").addEventListener("submit", choose);
find("reset").querySelector("form").addEventListener("submit", resetPassword);
find("reset-cancel").addEventListener("click", () => find("reset").close());
find("set-mirror").addEventListener("submit", setMirror);
for (const kind of ["verify", "repair"]) find(kind).addEventListener("click", () => attempt(() => ask(`/jobs/${kind}`, {}), word("adm_jobStarted", { job: word(`jobs_kind_${kind}`) })));
find("reviewers").addEventListener("submit", (event) => {
  event.preventDefault();
  const count = Number(fields(event.target).reviewers_needed);
  const said = word(count > 1 ? "adm_twoSet" : "adm_oneSet");
  attemptAndShow(() => ask("/reviewers", { reviewers_needed: count }), said);
});
find("retain").addEventListener("submit", setRule);
// what is clicked before this script listens would do nothing
document.querySelector("main").inert = false;
Promise.all([show(), showEvents()]).catch((error) => say(error.message, "fault"));
