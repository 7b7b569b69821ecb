// A model whose long arrays lie at addresses: an hour's boxes are too much for a widget's state.

/** How often an array is asked for again that the server does not send. */
const RETRY_MS = 3000;
const ARRAYS = ["boxes", "frame_seconds"];

/** A model as anywidget gives it, with what its addresses send in place of the same traits. */
export class FetchedModel {
  constructor(model) {
    Object.assign(this, { model, arrays: {}, listeners: {}, isClosed: false });
  }

  /**
   * Read every array that has an address, and again when its address changes.
   * @param {(isSent: boolean) => void} tell whether all that was asked for has come
   */
  async open(tell) {
    this.tell = tell;
    for (const name of ARRAYS) this.model.on(`change:${name}_url`, () => this.#change(name));
    await Promise.all(ARRAYS.map((name) => this.#read(name)));
    return this;
  }

  get(name) {
    return this.arrays[name] ?? this.model.get(name);
  }

  set(name, value) {
    this.model.set(name, value);
  }

  on(name, listener) {
    this.model.on(name, listener);
    (this.listeners[name] ??= []).push(listener);
  }

  send(...all) {
    this.model.send(...all);
  }

  save_changes() {
    this.model.save_changes();
  }

  get widget_manager() {
    return this.model.widget_manager;
  }

  async #change(name) {
    if (await this.#read(name)) this.listeners[`change:${name}`]?.forEach((listener) => listener());
  }

  /** Returns whether the array came that is still the one to show. */
  async #read(name) {
    const url = this.model.get(`${name}_url`);
    if (!url) return false;
    let content = null;
    for (let tries = 0; content === null; tries++) {
      if (tries) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      if (this.isClosed || this.model.get(`${name}_url`) !== url) return false;
      content = await bytesAt(url);
      this.tell(content !== null);
    }
    this.arrays[name] = content;
    return true;
  }

  close() {
    this.isClosed = true;
  }
}

/** null where they do not come. */
async function bytesAt(url) {
  try {
    const answer = await fetch(url, { credentials: "include" });
    return answer.ok ? await answer.arrayBuffer() : null;
  } catch {
    return null;
  }
}
