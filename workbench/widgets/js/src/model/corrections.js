// A document as corrections, in the JSON form that the program has for them everywhere: one for each
// part, lifted span and zone.

/**
 * @param size of the frame, its pixels
 * @param {string} prefix makes ids differ from other people's
 * @returns {{correction_id: string, action: "add"|"remove", track: number,
 *   keyframes: {frame_index: number, box_xyxy_px: number[], note: string}[]}[]}
 */
export function toCorrections(document, size, prefix) {
  const id = (key) => (typeof key === "string" ? key : `${prefix}-${key}`);
  const rows = [];
  const whole = [0, 0, size.w, size.h];
  for (const [track, { parts, lifted }] of Object.entries(document.tracks)) {
    for (const { key, keyframes, given } of parts) {
      const written = keyframes.map((each) => keyframe(each.frame, each.box, each.occluded ? "occluded" : each.note ?? ""));
      rows.push({ correction_id: id(key), action: "add", track: given ?? Number(track), keyframes: written });
    }
    for (const { key, first, last, row } of lifted) rows.push(row ?? removal(id(key), Number(track), first, last, whole));
  }
  for (const { key, box, first, last, row } of document.zones) rows.push(row ?? removal(id(key), -1, first, last, box));
  return rows;
}

function keyframe(frame, box, note) {
  return { frame_index: frame, box_xyxy_px: box, note };
}

function removal(id, track, first, last, box) {
  const keyframes = (first === last ? [first] : [first, last]).map((frame) => keyframe(frame, box, ""));
  return { correction_id: id, action: "remove", track, keyframes };
}

/** The document that corrections came from; what nobody changes goes back as it came. */
export function fromCorrections(rows, empty) {
  const document = { ...empty, tracks: {}, zones: [] };
  for (const row of rows) {
    const { correction_id: id, action, track, keyframes } = row;
    const [first, last] = [keyframes[0].frame_index, keyframes.at(-1).frame_index];
    if (action === "add") entry(document, track).parts.push({ ...part(id, keyframes), ...(track < 0 ? { given: track } : {}) });
    else if (track >= 0) entry(document, track).lifted.push({ key: id, first, last, row });
    else document.zones.push({ key: id, box: [...keyframes[0].box_xyxy_px], first, last, row });
  }
  return document;
}

/** The entry of a track; a box that a person added to none begins one. */
function entry(document, track) {
  const number = track < 0 ? document.next : track;
  document.next = Math.max(document.next, number + 1);
  return (document.tracks[number] ??= { parts: [], lifted: [] });
}

function part(key, keyframes) {
  return { key, keyframes: keyframes.map((each) => ({ frame: each.frame_index, box: [...each.box_xyxy_px], ...noted(each.note) })) };
}

function noted(note) {
  if (note === "occluded") return { occluded: true };
  return note ? { note } : {};
}
