// What follows from the data and the state: colours, which points are seen, the order in
// which they are drawn.
import { colouring, paint } from './colours.js';

export class Derived {
  constructor(data) {
    this.data = data;
    this.shuffled = shuffle(data.n);
    this.visible = new Uint8Array(data.n);
    this.selected = new Uint8Array(data.n);
    this.dark = false;
  }

  /** Follows the state where it has changed. */
  update(s, has) {
    const { data } = this, { n } = data;
    const opacity = n > 200000 ? 0.55 : n > 20000 ? 0.7 : 0.85;
    if (has('colour', 'palette', 'dark')) {
      this.colouring = colouring(data, s.colour, s.palette, s.dark);
      this.rgba = paint(this.colouring, n, opacity, data.colormaps.viridis);
    }
    if (has('colour', 'hidden', 'mistakes')) {
      const { of } = this.colouring;
      this.shown = 0;
      for (let i = 0; i < n; i++) {
        this.visible[i] = Number(!(of && s.hidden.has(of[i])) && (!s.mistakes || data.wrong(i)));
        this.shown += this.visible[i];
      }
    }
    if (has('selection')) {
      this.selected.fill(0);
      for (const i of s.selection) this.selected[i] = 1;
    }
    if (has('colour', 'hidden', 'mistakes', 'selection')) this.sort();
  }

  sort() {
    const rest = [], marked = [];
    for (const i of this.shuffled) if (this.visible[i]) (this.selected[i] ? marked : rest).push(i);
    this.order = new Uint32Array(rest.length + marked.length);
    this.order.set(rest);
    this.order.set(marked, rest.length);
    this.marked = marked.length;
  }

  /** The colour of a point as CSS. */
  css(i) {
    if (i >= this.data.n) return '#e0218a';
    return `rgb(${this.rgba.subarray(4 * i, 4 * i + 3).join(' ')})`;
  }
}

/** 0 to n-1 in an order without pattern, the same each time, so that no class hides
 * another and the first of them are a fair sample. */
function shuffle(n) {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let seed = 12345;
  for (let i = n - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((seed / 4294967296) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
