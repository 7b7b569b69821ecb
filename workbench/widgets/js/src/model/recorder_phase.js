// The phases of a recorder, and what may be done and seen in each; knows no page and no server.

/**
 * `sign` stands before its name; `isOpen`: the room is open, and can be recorded at once; `goesOn`: the
 * recording takes commands; `mayStart`: another can be started; `isOver`: no more pictures come.
 */
export const PHASES = {
  loading: { sign: "◌" },
  ready: { sign: "○", mayStart: true },
  held: { sign: "◎", isOpen: true, mayStart: true },
  previewing: { sign: "◎", isOpen: true, mayStart: true },
  starting: { sign: "◌" },
  recording: { sign: "●", goesOn: true },
  paused: { sign: "❚❚", goesOn: true },
  finishing: { sign: "◌", isOver: true },
  done: { sign: "✓", isOver: true },
  failed: { sign: "▲", isOver: true },
};

/** Whether there are pictures of now. */
export const showsPictures = (phase) => Boolean(PHASES[phase].isOpen || PHASES[phase].goesOn);

/** Why a room cannot be recorded: the name of a sentence, with its values; null where it can. */
export function whyNoStart(phase, room) {
  if (!PHASES[phase].mayStart) return { say: `rec_${phase}` };
  if (!room) return { say: "rec_noRooms" };
  if (room.fault) return { say: "rec_faultyRoom", fault: room.fault };
  return room.layout ? null : { say: "rec_starting" };
}

/** Which steps a page offers in a phase, for a room (null: there is none). */
export function offersOf(phase, room) {
  const { goesOn = false, isOver = false, mayStart = false } = PHASES[phase];
  const canOpen = phase === "ready" && !whyNoStart(phase, room);
  return {
    acts: !isOver,
    hold: phase === "held" || (canOpen && Boolean(room.pre_record_seconds)),
    show: phase === "previewing" || canOpen,
    mark: goesOn,
    data: goesOn || mayStart,
  };
}

/** Whether what a recording tells is of before what was asked here: a stop, or, where `isAsked`, a start. */
export function isLate(phase, told, isAsked) {
  return Boolean((phase === "finishing" && PHASES[told].goesOn) || (isAsked && PHASES[told].isOpen));
}

/** A pause, or its end, from when it is asked for until the recording says so. */
export class PauseRequest {
  constructor() {
    this.wanted = null;
  }

  /** Ask in a phase; returns the command, or null where one is on its way or nothing goes on. */
  begin(phase) {
    if (this.wanted || !PHASES[phase].goesOn) return null;
    this.wanted = phase === "paused" ? "recording" : "paused";
    return phase === "paused" ? "resume" : "pause";
  }

  end() {
    this.wanted = null;
  }

  /** The name of what the button says. */
  said(phase) {
    if (this.wanted) return this.wanted === "paused" ? "rec_pausing" : "rec_resuming";
    return phase === "paused" ? "rec_resume" : "rec_pause";
  }
}
