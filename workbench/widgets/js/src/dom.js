// Small helpers of the DOM layer.

/** An element with attributes (`on…` are listeners) and children. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    // as an attribute, the policy of the server's own pages would not let it count
    else if (name === "style") made.style.cssText = value;
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** Drawn, because fonts lack some of these signs. */
const ICONS = {
  play: "M7 4v16l13-8z",
  pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  next: "M5 4l9 8-9 8zM16 4h3v16h-3z",
  previous: "M19 4l-9 8 9 8zM5 4h3v16H5z",
  forward: "M3 5l8 7-8 7zM12 5l8 7-8 7z",
  back: "M21 5l-8 7 8 7zM12 5l-8 7 8 7z",
  boxes: "M4 4h16v16H4zM6 6v12h12V6z",
  screenshot: "M8 5l2-2h4l2 2h5v15H3V5zM12 8a4.5 4.5 0 1 0 .01 0zM12 10a2.5 2.5 0 1 1-.01 0z",
  full: "M3 3h7v2H5v5H3zM14 3h7v7h-2V5h-5zM3 14h2v5h5v2H3zM19 14h2v7h-7v-2h5z",
  panLeft: "M11 5l1.5 1.5L8 11h12v2H8l4.500 4.500L11 19l-7-7z",
  panRight: "M13 5l-1.500 1.500L16 11H4v2h12l-4.500 4.500L13 19l7-7z",
  zoomIn: "M11 4h2v7h7v2h-7v7h-2v-7H4v-2h7z",
  zoomOut: "M3 11l5-5v4h8V6l5 5v2l-5 5v-4H8v4l-5-5z",
  loop: "M12 4a8 8 0 0 1 7.400 5H22l-4 5-4-5h3.200A6 6 0 1 0 17 15.500l1.600 1.200A8 8 0 1 1 12 4z",
};

export function icon(name) {
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const attributes = { viewBox: "0 0 24 24", width: 16, height: 16, fill: "currentColor", "fill-rule": "evenodd", "aria-hidden": "true" };
  Object.entries(attributes).forEach(([key, value]) => drawn.setAttribute(key, value));
  path.setAttribute("d", ICONS[name]);
  drawn.append(path);
  return drawn;
}

/** A button that says its key: the sign is seen, the words are read out. */
export function button(sign, label, key, onclick) {
  const title = key ? `${label} (${key})` : label;
  return element("button", { type: "button", "aria-label": label, title, onclick }, sign in ICONS ? icon(sign) : sign);
}

/** A control that cannot be used says why, to who points at it and to a screen reader; without a reason it can. */
export function withhold(control, reason) {
  control.disabled = Boolean(reason);
  control.title = reason || (control.getAttribute("aria-label") ?? "");
}

export function select(label, options, onchange) {
  const choices = options.map(([value, text]) => element("option", { value }, text));
  return element("select", { "aria-label": label, title: label, onchange: (event) => onchange(event.target.value) }, ...choices);
}

/** Whether a key belongs to the element that has the focus, not to the widget. */
export function ownsKey(target, key) {
  const tag = target.tagName;
  if (tag === "SELECT" || tag === "TEXTAREA") return true;
  if (tag === "INPUT") return target.type === "range" ? /^(Arrow|Home|End|Page)/.test(key) : key !== "Escape";
  return tag === "BUTTON" && (key === " " || key === "Enter");
}

/** A colour for a track that stays the same in every session; neighbours differ. */
export function trackColour(id) {
  return `hsl(${Math.round((Math.abs(id) * 137.508 + 265) % 360)} 90% 74%)`;
}

/** A dialog with all keys; it closes with Escape. */
export function helpDialog(say, keyTables) {
  const rows = keyTables.flatMap((keys) =>
    Object.entries(keys).map(([action, names]) =>
      element("tr", {}, element("td", {}, element("kbd", {}, shownKey(names[0]))), element("td", {}, say(action, { count: "N" }))),
    ),
  );
  const dialog = element("dialog", { class: "wb-help", "aria-label": say("help") });
  const close = element("button", { type: "button", onclick: () => dialog.close() }, say("close"));
  dialog.append(element("header", {}, element("h2", {}, say("help")), close), element("table", { tabindex: 0 }, element("tbody", {}, ...rows)));
  return dialog;
}

export function shownKey(name) {
  const signs = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Delete: "Del", Escape: "Esc", Shift: "⇧" };
  return name.replaceAll("+", " ").split(" ").map((part) => signs[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(" ");
}

/** A button with its words and its key on it. */
export function wordButton(label, key, onclick) {
  return element("button", { type: "button", "aria-keyshortcuts": key, onclick }, element("span", {}, label), element("kbd", { "aria-hidden": "true" }, key));
}

/** Call whenever the page becomes light or dark, whoever changes it; returns what ends that. */
export function onTheme(call) {
  const observer = new MutationObserver(call);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}
