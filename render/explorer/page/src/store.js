// The state of the page, and who is told when it changes.

export class Store {
  constructor(initial) {
    this.state = initial;
    this.listeners = [];
    this.changed = new Set();
  }

  /** Calls f with the state and a function that tells what has changed, once at the end
   * of whatever changed it. */
  on(f) { this.listeners.push(f); }

  set(change) {
    for (const [key, value] of Object.entries(change)) {
      if (this.state[key] === value) continue;
      this.state[key] = value;
      if (this.changed.size === 0) queueMicrotask(() => this.tell());
      this.changed.add(key);
    }
  }

  tell() {
    const changed = this.changed;
    this.changed = new Set();
    const has = (...keys) => keys.some((k) => changed.has(k));
    for (const f of this.listeners) f(this.state, has);
  }
}
