// What was saved, what was not, and when to try again; knows no page and no clock of its own.

const AFTER_CHANGE_MS = 400;
const PATIENCE_MS = 8000;
/** A full disk may have space again: what was refused is tried once more after so long. */
const AFTER_REFUSAL_MS = 15_000;

export class Saving {
  /**
   * @param {(revision: number) => void} send sends the document as it is now
   * @param {() => void} show called when `state` changes
   * @param timers `set` and `clear`; tests bring their own
   */
  constructor(send, show, timers = { set: (...all) => setTimeout(...all), clear: (id) => clearTimeout(id) }) {
    Object.assign(this, { send, show, timers, state: "nothing", revision: 0, savedRevision: 0, at: null, message: "" });
  }

  get pending() {
    return this.revision !== this.savedRevision;
  }

  changed(revision) {
    this.revision = revision;
    this.#become("saving");
    this.#later(AFTER_CHANGE_MS);
  }

  #later(after) {
    this.timers.clear(this.timer);
    this.timer = this.timers.set(() => this.#try(), after);
  }

  #try() {
    if (!this.pending) return;
    // an answer that does not come means that the connection is gone: everything is sent again
    this.#later(PATIENCE_MS);
    if (this.asked === this.revision) this.#become("notSaved");
    this.asked = this.revision;
    this.send(this.revision);
  }

  saved(revision, at) {
    if (revision < this.savedRevision) return;
    this.savedRevision = revision;
    this.at = at;
    if (this.pending) return;
    this.timers.clear(this.timer);
    this.#become("saved");
  }

  refused(revision, message) {
    if (revision !== this.revision) return;
    this.asked = null;
    this.message = message;
    this.#later(AFTER_REFUSAL_MS);
    this.#become("refused");
  }

  #become(state) {
    this.state = state;
    this.show();
  }

  close() {
    this.timers.clear(this.timer);
  }
}
