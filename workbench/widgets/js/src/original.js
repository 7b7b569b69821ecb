// The original of an event on its page: a player that asks the server itself, without a kernel.
import { LocalModel } from "./model/local_model.js";
import { chosenLanguage } from "./page_choices.js";
import { Player } from "./player.js";

/** What a frame of the original has none of, or would take out of the archive. */
const WITHOUT = ["boxes", "screenshot"];

/**
 * @param {Element} root that becomes the player
 * @param told `files`: the address of the event's files; `seconds` of its frames, from the first one,
 *   `start` of that by the clock of the file, `end` of the last; `markers`; `room`: where the room
 *   lies that is shown as it was, too, or empty
 */
export function openOriginal(root, { files, seconds, start, end, markers, room }) {
  const step = seconds.length > 1 ? seconds.at(-1) - seconds.at(-2) : 1;
  const model = new LocalModel({
    url: `${files}/original`, copy_url: "", room_url: room.length ? `${files}/room` : "", room_px: room,
    frame_seconds: seconds.buffer, start_seconds: start, end_seconds: Math.max(end, (seconds.at(-1) ?? 0) + step),
    boxes: null, views: [], markers, loop: [], seek: [0, 0], frame_size_px: [0, 0], threshold: 0, language: chosenLanguage(),
  });
  const player = new Player(model, root, { without: WITHOUT });
  let count = 0;
  return {
    player,
    seek(to) {
      model.set("seek", [to, ++count]);
      root.focus();
    },
  };
}
