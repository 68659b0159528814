// The legend: what the colours mean; its entries switch points on and off.
import { count, el } from './dom.js';

const most = 1000; // entries

export class Legend {
  constructor(app) {
    this.app = app;
    this.list = el('div', { class: 'legend' });
    this.element = el('section', { class: 'panel', id: 'legend' }, el('h2', {}, 'Colours'), this.list);
    app.store.on((s, has) => { if (has('colour', 'palette', 'dark', 'hidden')) this.show(s); });
  }

  show(s) {
    const c = this.app.derived.colouring;
    if (c.kind === 'number') {
      this.list.replaceChildren(this.ramp(c));
      return;
    }
    const focused = document.activeElement?.dataset?.category;
    const used = [...c.names.keys()].filter((k) => c.counts[k]), more = used.length - most;
    this.list.replaceChildren(...used.slice(0, most).map((k) => this.entry(c, k, s)));
    if (more > 0) this.list.append(el('p', { class: 'note' }, `and ${count(more)} more`));
    if (focused !== undefined) this.list.querySelector(`[data-category="${focused}"]`)?.focus();
  }

  entry(c, k, s) {
    const dot = el('span', { class: 'dot' }), on = !s.hidden.has(k);
    dot.style.background = on ? c.colours[k] : 'transparent';
    dot.style.borderColor = c.colours[k];
    return el('button', {
      class: 'legend-entry', 'data-category': k, 'aria-pressed': String(on), title: 'Click: on or off. Double click or Shift+Enter: this one alone',
      onclick: (e) => this.press(e, k), ondblclick: () => this.only(k),
    }, dot, el('span', { class: 'legend-name' }, c.names[k]), el('span', { class: 'number' }, count(c.counts[k])));
  }

  /** A click switches; the second of a double click is for only(). */
  press(e, k) {
    if (e.shiftKey) {
      this.before = null;
      this.only(k);
    } else if (e.detail < 2) {
      this.before = this.app.store.state.hidden;
      const hidden = new Set(this.before);
      if (!hidden.delete(k)) hidden.add(k);
      this.app.store.set({ hidden });
    }
  }

  /** Leaves one; of one that is alone already, brings back all. */
  only(k) {
    const { names } = this.app.derived.colouring, was = this.before ?? this.app.store.state.hidden;
    const alone = !was.has(k) && was.size >= names.filter((_, j) => this.app.derived.colouring.counts[j]).length - 1;
    this.before = null;
    const others = names.map((_, j) => j).filter((j) => j !== k && this.app.derived.colouring.counts[j]);
    this.app.store.set({ hidden: new Set(alone ? [] : others) });
  }

  ramp({ lo, hi }) {
    const canvas = el('canvas', { class: 'ramp', width: 256, height: 1 }), image = new ImageData(256, 1);
    const table = this.app.data.colormaps.viridis;
    for (let i = 0; i < 256; i++) image.data.set([...table.subarray(3 * i, 3 * i + 3), 255], 4 * i);
    canvas.getContext('2d').putImageData(image, 0, 0);
    const text = (v) => (Number.isFinite(v) ? String(Number(v.toPrecision(4))) : '?');
    return el('div', {}, canvas, el('div', { class: 'ramp-ends' }, el('span', {}, text(lo)), el('span', {}, text(hi))));
  }
}
