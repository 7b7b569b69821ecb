// Asks the interface as the person who is signed in; what goes wrong is one sentence.
import { problem, say as word } from "./pagewords.js";

export const API = "/workbench/api/v1";

/** What the interface answers; what it refuses is thrown as one sentence. */
export async function answered(path, options = {}) {
  let answer;
  try {
    answer = await fetch(API + path, options);
  } catch {
    throw new Error(word("err_noAnswer"));
  }
  if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  if (!answer.ok && answer.status !== 304) throw new Error(problem(await answer.json()));
  return answer;
}

export async function ask(path, content, headers = {}) {
  const options = { headers: { ...headers } };
  if (content) {
    options.method = "POST";
    options.body = JSON.stringify(content);
    options.headers["X-XSRFToken"] = document.querySelector("input[name=_xsrf]").value;
    options.headers["Content-Type"] = "application/json";
  }
  const answer = await answered(path, options);
  if (answer.status === 304) return null;
  const found = await answer.json();
  return content ? found : Object.assign(found, { tag: answer.headers.get("ETag") || "" });
}

export function made(tag, text = "", name = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) element.className = name;
  return element;
}

export function button(text, label, onclick) {
  const element = made("button", text, "quiet");
  element.type = "button";
  if (label) element.setAttribute("aria-label", label);
  element.addEventListener("click", onclick);
  return element;
}

/** A row of a table with these texts or elements. */
export function cells(contents) {
  const row = document.createElement("tr");
  for (const each of contents) row.insertCell().append(...(Array.isArray(each) ? each : [each ?? ""]));
  return row;
}

/** Write the heads of a table into its rows: on a phone each row is a card, and has no head above it. */
export function nameCells(table) {
  const heads = [...table.tHead.rows[0].cells].map((head) => (head.querySelector(".unseen") ? "" : head.textContent));
  for (const row of table.tBodies[0].rows) {
    [...row.cells].forEach((cell, at) => {
      if (heads[at] && row.cells.length === heads.length) cell.dataset.name = heads[at];
    });
  }
}

/** Say in the page's own lines what was done, or what went wrong. */
export function say(text, id = "said") {
  for (const each of ["said", "fault"]) {
    const line = document.getElementById(each);
    line.textContent = each === id ? text : "";
    line.hidden = each !== id || !text;
  }
  if (text) document.getElementById(id).scrollIntoView({ block: "nearest" });
}

/** Do a step and say that it is done, or why it is not; returns whether it is. */
export async function attempt(step, done) {
  try {
    const found = await step();
    say(typeof done === "function" ? done(found) : done);
    return true;
  } catch (error) {
    say(error.message, "fault");
    return false;
  }
}
