// What a person did that the program has not confirmed, kept in the browser: the page may go before.

export class Drafts {
  /**
   * @param {Storage} storage of the browser
   * @param {string} place names the event and the person
   * @param {string} page differs from that of other pages on the same event
   */
  constructor(storage, place, page) {
    Object.assign(this, { storage, prefix: `workbench-draft ${place} `, isKept: true });
    this.key = this.prefix + page;
  }

  /** Keep a draft in the place of the last one; null: nothing is left to keep. */
  keep(draft) {
    try {
      if (draft === null) this.storage.removeItem(this.key);
      else this.storage.setItem(this.key, JSON.stringify(draft));
      this.isKept = true;
    } catch {
      // the browser keeps nothing, or no more: the page asks before it is left
      this.isKept = false;
    }
  }

  /** Return what pages that are gone have left, and forget it. */
  take() {
    const found = [];
    try {
      for (const key of Object.keys(this.storage).filter((each) => each.startsWith(this.prefix))) {
        found.push(JSON.parse(this.storage.getItem(key)));
        this.storage.removeItem(key);
      }
    } catch {
      // what cannot be read is no draft
    }
    return found;
  }
}
