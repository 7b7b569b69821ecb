// A model of a widget that lives in the page alone: nothing of it goes to the program.

export class LocalModel {
  constructor(traits) {
    this.traits = { ...traits };
    this.listeners = {};
  }

  get(name) {
    return this.traits[name];
  }

  set(name, value) {
    if (this.traits[name] === value) return;
    this.traits[name] = value;
    (this.listeners[`change:${name}`] ?? []).forEach((listener) => listener());
  }

  on(name, listener) {
    (this.listeners[name] ??= []).push(listener);
  }

  save_changes() {}

  send() {}
}
