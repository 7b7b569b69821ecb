// Undo and redo over whole documents; these never change, so keeping them costs little.

export class History {
  constructor(document) {
    this.past = [];
    this.present = document;
    this.future = [];
    /** Counts every change, undone ones too: what was saved is known by it. */
    this.revision = 0;
  }

  push(document) {
    if (document === this.present) return false;
    this.past.push(this.present);
    this.present = document;
    this.future = [];
    this.revision += 1;
    return true;
  }

  /** Change every document, those of undo and redo too. */
  map(change) {
    this.past = this.past.map(change);
    this.present = change(this.present);
    this.future = this.future.map(change);
  }

  undo() {
    return this.#move(this.past, this.future);
  }

  redo() {
    return this.#move(this.future, this.past);
  }

  #move(from, to) {
    if (!from.length) return false;
    to.push(this.present);
    this.present = from.pop();
    this.revision += 1;
    return true;
  }
}
