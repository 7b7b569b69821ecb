// Small helpers of the DOM layer.

/** An element with attributes (`on…` are listeners) and children. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** A button that says its key: the sign is seen, the words are read out. */
export function button(sign, label, key, onclick) {
  const title = key ? `${label} (${key})` : label;
  return element("button", { type: "button", "aria-label": label, title, onclick }, sign);
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
  dialog.append(element("h2", {}, say("help")), element("table", {}, element("tbody", {}, ...rows)), close);
  return dialog;
}

export function shownKey(name) {
  const arrows = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Delete: "Del", Escape: "Esc" };
  return name.replaceAll("+", " ").split(" ").map((part) => arrows[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(" ");
}
