// One key per action; CVAT's keys where it has the action.

/** Action -> its keys; shown by `?` in this order. */
export const PLAYER_KEYS = {
  play: ["Space"],
  next: ["f"],
  previous: ["d"],
  forward: ["v"],
  back: ["c"],
  first: ["Home"],
  last: ["End"],
  faster: ["."],
  slower: [","],
  compare: ["x"],
  zoom: ["z"],
  screenshot: ["p"],
  boxes: ["h"],
  full: ["F11"],
  help: ["?"],
};

export const EDITOR_KEYS = {
  draw: ["n"],
  remove: ["Delete"],
  keyframe: ["k"],
  nextKeyframe: ["r"],
  previousKeyframe: ["e"],
  outside: ["o"],
  occluded: ["q"],
  merge: ["m"],
  split: ["s"],
  propagate: ["Ctrl+b"],
  followForward: ["]"],
  followBack: ["["],
  zone: ["g"],
  nextTrack: ["t"],
  moveLeft: ["ArrowLeft"],
  moveRight: ["ArrowRight"],
  moveUp: ["ArrowUp"],
  moveDown: ["ArrowDown"],
  narrower: ["Ctrl+ArrowLeft", "Ctrl+Shift+ArrowLeft"],
  wider: ["Ctrl+ArrowRight", "Ctrl+Shift+ArrowRight"],
  lower: ["Ctrl+ArrowUp", "Ctrl+Shift+ArrowUp"],
  higher: ["Ctrl+ArrowDown", "Ctrl+Shift+ArrowDown"],
  take: ["Enter"],
  undo: ["Ctrl+z"],
  redo: ["Ctrl+y", "Ctrl+Shift+z"],
  cancel: ["Escape"],
};

export const REVIEW_KEYS = {
  main: ["Enter"],
  corrected: ["Ctrl+Enter"],
  accept: ["Ctrl+Shift+Enter"],
  flag: ["F8"],
  nextMoment: ["PageDown"],
  previousMoment: ["PageUp"],
  reopen: ["u"],
  panels: ["a"],
};

export const PLAYBACK_KEYS = {
  play: ["Space"],
  next: ["f"],
  previous: ["d"],
  forward: ["v"],
  back: ["c"],
  first: ["Home"],
  last: ["End"],
  faster: ["."],
  slower: [","],
  spanStart: ["["],
  spanStop: ["]"],
  zoomIn: ["+"],
  zoomOut: ["0"],
  exportFigure: ["e"],
  help: ["?"],
};

/** As `workbench record` has them in a terminal. */
export const RECORD_KEYS = {
  rec_showKey: ["v"],
  rec_start: ["r"],
  rec_stop: ["q"],
  rec_pauseKey: ["p"],
  rec_mark: ["m"],
  rec_markKind: ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
  rec_shoot: ["s"],
  rec_data: ["e"],
  rec_kiosk: ["k"],
  help: ["?"],
};

/** The name of a pressed key with Ctrl (or the Mac's command key) before it. */
export function keyName(event) {
  const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const shift = control && event.shiftKey ? "Shift+" : "";
  return control + shift + key;
}

/** The action of a pressed key; Alt and unknown keys are left to the browser. */
export function actionOf(event, keys) {
  if (event.altKey) return null;
  const name = keyName(event);
  return Object.keys(keys).find((action) => keys[action].includes(name)) ?? null;
}
