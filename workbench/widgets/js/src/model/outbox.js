// What was sent to the program and not answered yet; it is sent again until it is.

const PATIENCE_MS = 8000;

export class Outbox {
  /**
   * @param {(content: object) => void} send may throw where there is no connection
   * @param {(isLate: boolean) => void} tell called when answers stop coming, and when they come again
   * @param timers `set` and `clear`; tests bring their own
   */
  constructor(send, tell, timers = { set: (...all) => setTimeout(...all), clear: (id) => clearTimeout(id) }) {
    Object.assign(this, { send, tell, timers, number: 0, waiting: new Map(), isLate: false });
  }

  post(content) {
    this.number += 1;
    const letter = { number: this.number, content };
    this.waiting.set(this.number, letter);
    this.#try(letter);
  }

  #try(letter) {
    try {
      this.send({ ...letter.content, number: letter.number });
    } catch {
      // no connection: it is tried again
    }
    letter.timer = this.timers.set(() => {
      this.#become(true);
      this.#try(letter);
    }, PATIENCE_MS);
  }

  answered(number) {
    const letter = this.waiting.get(number);
    if (!letter) return null;
    this.timers.clear(letter.timer);
    this.waiting.delete(number);
    this.#become(false);
    return letter;
  }

  isWaitingFor(what) {
    return [...this.waiting.values()].some(({ content }) => content.what === what);
  }

  #become(isLate) {
    if (this.isLate === isLate) return;
    this.isLate = isLate;
    this.tell(isLate);
  }

  close() {
    this.waiting.forEach(({ timer }) => this.timers.clear(timer));
  }
}
