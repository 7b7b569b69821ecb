// The view of the room as it was seen, over an original that shows it de-identified.
import { paintInto } from "./stage.js";

/** How the player names what is shown so. */
export const UNTOUCHED = "untouched";
/** While it plays, the room may be so many frames ahead of the original, or behind it. */
const MOST_APART = 3;

/** Play the room beside the original where it is shown, as far as it goes: after a crash it may be shorter. */
export function playRoom(player) {
  const { room, original } = player.clips;
  if (!room) return;
  const { video } = room;
  const isWanted = player.mode === UNTOUCHED && player.playing && original.video.currentTime < video.duration;
  if (!isWanted && !video.paused) video.pause();
  // the element begins anew where it is played at its end: it is sought first
  if (isWanted && video.paused && !video.ended) video.play().catch(() => {});
}

/**
 * Paint the room over its place, where it has the frame that is shown.
 * @param player whose clips and views they are; @param frame of the original that is painted
 */
export function paintRoom(player, context, place, frame) {
  const { room } = player.clips;
  const [x, y, w, h] = player.model.get("room_px");
  if (!room || h === undefined) return;
  const apart = player.playing ? MOST_APART : 0;
  room.withFrame((picture) => {
    if (Math.abs(room.frame - frame) <= apart) paintInto(context, place, { x, y, w, h }, picture);
  });
}
