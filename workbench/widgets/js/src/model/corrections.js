// A document as corrections: one for each part, lifted span and zone.

/**
 * @param size of the frame, its pixels
 * @param {string} prefix makes ids differ from other people's
 * @returns {{id: string, action: "add"|"remove", track: number, keyframes: number[][], notes: string[]}[]}
 */
export function toCorrections(document, size, prefix) {
  const id = (key) => (typeof key === "string" ? key : `${prefix}-${key}`);
  const rows = [];
  const whole = [0, 0, size.w, size.h];
  for (const [track, { parts, lifted }] of Object.entries(document.tracks)) {
    for (const { key, keyframes } of parts) {
      const notes = keyframes.map((each) => (each.occluded ? "occluded" : each.note ?? ""));
      rows.push({ id: id(key), action: "add", track: Number(track), keyframes: keyframes.map((each) => [each.frame, ...each.box]), notes });
    }
    for (const { key, first, last, row } of lifted) rows.push(row ?? removal(id(key), Number(track), first, last, whole));
  }
  for (const { key, box, first, last, row } of document.zones) rows.push(row ?? removal(id(key), -1, first, last, box));
  return rows;
}

function removal(id, track, first, last, box) {
  const keyframes = (first === last ? [first] : [first, last]).map((frame) => [frame, ...box]);
  return { id, action: "remove", track, keyframes, notes: keyframes.map(() => "") };
}

/** The document that corrections came from; what nobody changes goes back as it came. */
export function fromCorrections(rows, empty) {
  const document = { ...empty, tracks: {}, zones: [] };
  for (const row of rows) {
    const { id, action, track, keyframes, notes } = row;
    const [first, last] = [keyframes[0][0], keyframes.at(-1)[0]];
    if (action === "add") entry(document, track).parts.push(part(id, keyframes, notes));
    else if (track >= 0) entry(document, track).lifted.push({ key: id, first, last, row });
    else document.zones.push({ key: id, box: keyframes[0].slice(1), first, last, row });
  }
  return document;
}

/** The entry of a track; a box that a person added to none begins one. */
function entry(document, track) {
  const number = track < 0 ? document.next : track;
  document.next = Math.max(document.next, number + 1);
  return (document.tracks[number] ??= { parts: [], lifted: [] });
}

function part(key, keyframes, notes) {
  return { key, keyframes: keyframes.map(([frame, ...box], at) => ({ frame, box, ...noted(notes[at]) })) };
}

function noted(note) {
  if (note === "occluded") return { occluded: true };
  return note ? { note } : {};
}
