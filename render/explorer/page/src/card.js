// The card beside the pointer: the image under it with its map.
import { facts, mapWords } from './caption.js';
import { predicted } from './data.js';
import { byId, el } from './dom.js';
import { drawTile } from './tile.js';

export class Card {
  constructor(app) {
    this.app = app;
    this.element = byId('card');
    this.canvas = el('canvas', { class: 'tile' });
    this.text = el('div');
    this.element.append(this.canvas, this.text);
    app.store.on((s, has) => { if (has('hover', 'map', 'alpha', 'method', 'mapOf', 'colormap', 'inColour')) this.show(s); });
  }

  /** Where the pointer is. */
  at(x, y) { this.x = x; this.y = y; this.place(); }

  show(s) {
    const { data } = this.app, i = s.hover;
    this.element.hidden = i < 0;
    if (i < 0) return;
    this.element.dataset.point = i;
    this.canvas.hidden = !data.sprites && !data.maps.length;
    drawTile(this.canvas, data, i, s);
    const words = s.map && s.mapOf !== predicted ? el('div', { class: 'name' }, `Map of ${mapWords(data, i, s)}`) : '';
    this.text.replaceChildren(facts(data, i), words, el('div', { class: 'name' }, data.name(i) ? `#${i} ${data.name(i)}` : `#${i}`));
    this.place();
  }

  /** Beside the pointer, and never beyond the window. */
  place() {
    if (this.element.hidden) return;
    const { offsetWidth: w, offsetHeight: h } = this.element;
    let x = this.x + 18, y = this.y + 18;
    if (x + w > innerWidth - 8) x = this.x - w - 18;
    if (y + h > innerHeight - 8) y = Math.max(8, innerHeight - h - 8);
    this.element.style.left = `${Math.max(8, x)}px`;
    this.element.style.top = `${y}px`;
  }
}
