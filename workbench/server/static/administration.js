// users, retention and the log; every action goes through the interface, which asks the profile
const API = "/workbench/api/v1";
const NEWEST = 500;
const PROFILES = ["operator", "reviewer", "researcher", "engineer", "administrator"];
const find = (id) => document.getElementById(id);

async function ask(path, content) {
  const options = { headers: {} };
  if (content) {
    options.method = "POST";
    options.body = JSON.stringify(content);
    options.headers["X-XSRFToken"] = document.querySelector("input[name=_xsrf]").value;
    options.headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(API + path, options);
  if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent("/administration")}`);
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}

function say(text, id = "said") {
  for (const each of ["said", "fault"]) {
    find(each).textContent = each === id ? text : "";
    find(each).hidden = each !== id || !text;
  }
}

function cells(row, texts) {
  for (const text of texts) row.insertCell().append(text ?? "");
  return row;
}

const fill = (id, rows) => find(id).replaceChildren(...rows);
const line = () => document.createElement("tr");

function made(tag, text, name = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) element.className = name;
  return element;
}

async function attempt(step, done) {
  try {
    await step();
    say(done);
    await show();
  } catch (error) {
    say(error.message, "fault");
  }
}

function userRow(user) {
  const choice = document.createElement("select");
  choice.setAttribute("aria-label", `Profile of ${user.login}`);
  choice.append(...PROFILES.map((each) => new Option(each, each, false, each === user.profile)));
  choice.addEventListener("change", () => {
    const text = `${user.login} is ${choice.value} now`;
    attempt(() => ask(`/users/${user.login}/profile`, { profile: choice.value }), text).then(showUsers);
  });
  const step = user.is_disabled ? "enable" : "disable";
  const button = made("button", user.is_disabled ? "Enable" : "Disable", "quiet");
  button.type = "button";
  button.setAttribute("aria-label", `${button.textContent} ${user.login}`);
  button.addEventListener("click", () => attempt(() => ask(`/users/${user.login}/${step}`, {}), `${user.login} is ${step}d`));
  const state = made("span", user.is_disabled ? "disabled" : "may sign in", `state ${user.is_disabled ? "cancelled" : "done"}`);
  const row = cells(line(), [made("b", user.login), choice, user.created_utc.slice(0, 10), state, button]);
  row.lastElementChild.className = "acts";
  return row;
}

async function showUsers() {
  const { users } = await ask("/users");
  fill("users", users.map(userRow));
}

function rule(each) {
  const due = each.warn_after_days === null ? "never" : `${each.warn_after_days} days`;
  const then = each.warn_after_days === null ? "" : each.deletes_itself ? "deleted by 'retention apply'" : "somebody is told";
  return cells(line(), [made("b", each.site_code), `${each.minimum_days} days`, due, then]);
}

function attention(status, due) {
  const faults = status.faults.map((text) => made("li", text, "bad"));
  const late = due.map((each) => made("li", `event ${each.event_id} is due: it is kept longer than its rule says`, "warn"));
  const notices = status.notices.map((text) => made("li", text, "warn"));
  const all = [...faults, ...late, ...notices];
  fill("attention", all.length ? all : [made("li", "Nothing: the archive is as it should be.", "good")]);
  const events = Object.values(status.events_by_state).reduce((sum, each) => sum + each, 0);
  const free = (status.free_bytes / 2 ** 30).toFixed(0);
  find("facts").textContent = `${events} events, ${status.file_count} files, ${free} GiB free; mirror: ${status.mirror ? "yes" : "none"}; ${status.audit_rows} rows in the log`;
}

function auditRow(row) {
  const outcome = made("span", row.outcome, `outcome ${row.outcome}`);
  const event = row.event_id ? made("code", row.event_id) : "";
  return cells(line(), [row.seq, row.at_utc.slice(0, 19).replace("T", " "), `${row.who} (${row.profile})`, row.action.replaceAll("_", " "), event, outcome, row.detail]);
}

function search() {
  const text = find("search").elements.search.value.trim().toLowerCase();
  for (const row of find("audit").rows) row.hidden = !row.textContent.toLowerCase().includes(text);
}

async function show() {
  const [status, retention, audit] = await Promise.all([ask("/status"), ask("/retention"), ask(`/audit?newest=${NEWEST}`), showUsers()]);
  attention(status, retention.due);
  fill("rules", retention.rules.length ? retention.rules.map(rule) : [cells(line(), ["no rule: everything is kept"])]);
  fill("audit", audit.rows.toReversed().map(auditRow));
  search();
}

addEventListener("DOMContentLoaded", () => {
  find("search").addEventListener("input", search);
  find("search").addEventListener("submit", (event) => event.preventDefault());
  find("add").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const content = Object.fromEntries(new FormData(form));
    attempt(() => ask("/users", content), `${content.login} may sign in as ${content.profile}`).then(() => {
      form.elements.password.value = "";
    });
  });
  find("retain").addEventListener("submit", (event) => {
    event.preventDefault();
    const { site_code: site, minimum_days: least, warn_after_days: due } = Object.fromEntries(new FormData(event.target));
    const content = { site_code: site, minimum_days: Number(least) };
    if (due) content.warn_after_days = Number(due);
    attempt(() => ask("/retention", content), `The rule of ${site} is set`);
  });
  show().catch((error) => say(error.message, "fault"));
});
