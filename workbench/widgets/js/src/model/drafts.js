// What a person did that the program has not confirmed, kept in the browser: the page may go before.
// It is sealed with a key that the server gives to that person alone, and that is kept nowhere.

const PREFIX = "workbench-draft ";
const NONCE_BYTES = 12;
/** Of what nobody came back for who could read it. */
const KEPT_MS = 30 * 24 * 3600 * 1000;

export class Drafts {
  /**
   * @param {Storage} storage of the browser
   * @param {DataView} key of this person and event: 32 bytes, or none: then nothing is kept
   * @param {string} page differs from that of other pages on the same event
   */
  constructor(storage, key, page) {
    Object.assign(this, { storage, page, isKept: true, turn: 0 });
    this.opened = this.#open(key);
    this.opened.catch(() => {});
  }

  async #open(key) {
    // a copy of its own: a view may be of a longer buffer
    const raw = new Uint8Array(key.buffer, key.byteOffset, key.byteLength).slice();
    this.key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
    // tells nobody who else uses this browser whose draft it is, and of which event
    const place = new Uint8Array(await crypto.subtle.digest("SHA-256", raw)).slice(0, 8);
    this.prefix = `${PREFIX}${[...place].map((each) => each.toString(16).padStart(2, "0")).join("")} `;
    this.own = this.prefix + this.page;
  }

  /** Keep a draft in the place of the last one; null: nothing is left to keep. */
  async keep(draft) {
    const turn = (this.turn += 1);
    this.isKept = draft === null;
    try {
      await this.opened;
      const sealed = draft === null ? null : await this.#seal(draft);
      // what was done since is kept instead
      if (turn !== this.turn) return;
      if (sealed === null) this.storage.removeItem(this.own);
      else this.storage.setItem(this.own, sealed);
      this.isKept = true;
    } catch {
      // the browser keeps nothing, or no more: the page asks before it is left
    }
  }

  /** Return what this person's pages that are gone have left, and forget it. */
  async take() {
    const found = [];
    try {
      await this.opened;
      for (const name of this.#names((each) => each.startsWith(this.prefix) && each !== this.own)) {
        const draft = await this.#unseal(name, this.storage.getItem(name));
        if (draft) found.push(draft);
        this.storage.removeItem(name);
      }
      for (const name of this.#names((each) => each.startsWith(PREFIX))) {
        if (!isKeptFrom(this.storage.getItem(name).split(" ")[0])) this.storage.removeItem(name);
      }
    } catch {
      // there is no key, or nothing can be read here
    }
    return found;
  }

  #names(wanted) {
    return Object.keys(this.storage).filter(wanted);
  }

  async #seal(draft) {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const day = String(Date.now());
    const clear = new TextEncoder().encode(JSON.stringify(draft));
    const sealed = new Uint8Array(await crypto.subtle.encrypt(way(nonce, this.own, day), this.key, clear));
    return `${day} ${toText(nonce)} ${toText(sealed)}`;
  }

  async #unseal(name, text) {
    try {
      const [day, ...sent] = text.split(" ");
      const [nonce, sealed] = sent.map(toBytes);
      const clear = await crypto.subtle.decrypt(way(nonce, name, day), this.key, sealed);
      // its age does not count: the clock may have been wrong when it was sealed, or be wrong now
      return JSON.parse(new TextDecoder().decode(clear));
    } catch {
      return null;
    }
  }
}

/** How a draft is sealed: with its name and its day, so that nobody makes an old one new. */
function way(nonce, name, day) {
  return { name: "AES-GCM", iv: nonce, additionalData: new TextEncoder().encode(`${name} ${day}`) };
}

function isKeptFrom(day) {
  return Date.now() - Number(day) < KEPT_MS;
}

function toText(bytes) {
  return btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join(""));
}

function toBytes(text) {
  return Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
}
