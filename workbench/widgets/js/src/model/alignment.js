// Which frame the clips of a player show while it is paused: all of them that of the leader.

/** Pause all; the others are sent to the leader's frame, whichever was ahead. */
export function pauseTogether(leader, followers) {
  for (const clip of [leader, ...followers]) clip.pause();
  for (const clip of followers) clip.show(leader.target);
}

/** Send the others after the leader, whose last frame may arrive only after a pause. */
export function alignWith(leader, followers) {
  for (const clip of followers) if (clip.target !== leader.target) clip.show(leader.target);
}
