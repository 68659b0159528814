// The selected points: their counts by class, their images, and what can be done with them.
import { count, el } from './dom.js';
import { csv, indices, save } from './export.js';
import { Tiles } from './tiles.js';

export class SelectionPanel {
  constructor(app) {
    this.app = app;
    this.title = el('h2');
    this.counts = el('div', { class: 'counts' });
    this.tiles = new Tiles(app);
    this.element = el('section', { class: 'panel', id: 'selection', hidden: true },
      el('div', { class: 'panel-head' }, this.title, el('button', { class: 'quiet', 'aria-label': 'Clear the selection', onclick: () => app.select([]) }, '\u2715')),
      el('div', { class: 'row' },
        el('button', { onclick: () => save(csv(app.data, app.store.state.selection), 'selection.csv', 'text/csv') }, 'Save CSV'),
        el('button', { onclick: () => save(indices(app.store.state.selection), 'selection.txt', 'text/plain') }, 'Save indices')),
      this.counts, this.tiles.element);
    app.store.on((s, has) => { if (has('selection', 'colour')) this.show(s); });
  }

  show(s) {
    const { app } = this, { data } = app;
    this.element.hidden = !s.selection.length;
    this.title.textContent = `${count(s.selection.length)} selected`;
    this.element.dataset.count = s.selection.length;
    if (!s.selection.length) return;
    this.counts.replaceChildren(...this.byCategory(s));
    this.tiles.show(s.selection);
  }

  /** Bars of how many there are of each category, the most first. */
  byCategory(s) {
    const { data, derived: { colouring } } = this.app;
    if (colouring.kind !== 'categories' || colouring.names.length < 2) return [];
    const counts = new Map();
    for (const i of s.selection) counts.set(colouring.of[i], (counts.get(colouring.of[i]) ?? 0) + 1);
    const rows = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 12);
    const wrong = data.judged ? s.selection.reduce((sum, i) => sum + Number(data.wrong(i)), 0) : 0;
    return [...rows.map(([c, k]) => {
      const bar = el('span', { class: 'bar' });
      bar.style.width = `${(100 * k) / rows[0][1]}%`;
      bar.style.background = colouring.colours[c];
      return el('div', { class: 'bar-row' }, el('span', {}, colouring.names[c]), el('span', { class: 'track' }, bar), el('span', { class: 'number' }, count(k)));
    }), wrong ? el('p', { class: 'note' }, `${count(wrong)} of them predicted wrong`) : null].filter(Boolean);
  }
}
