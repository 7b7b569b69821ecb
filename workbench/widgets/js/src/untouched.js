// The view of the room as it was seen, over an original that shows it de-identified.
import { paintInto } from "./stage.js";

/** How the player names what is shown so. */
export const UNTOUCHED = "untouched";
/** While it plays, the room may be so many frames ahead of the original, or behind it. */
const MOST_APART = 3;

/**
 * Paint the room over its place, where it has the frame that is shown.
 * @param player whose clips and views they are; @param frame of the original that is painted
 */
export function paintRoom(player, context, place, frame) {
  const { room } = player.clips;
  const view = player.model.get("views")[0];
  if (!room || !view) return;
  const apart = player.playing ? MOST_APART : 0;
  room.withFrame((picture) => {
    if (Math.abs(room.frame - frame) <= apart) paintInto(context, place, view, picture);
  });
}
