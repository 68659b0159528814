// The pinned point: its image large, what the network said, and its nearest neighbours.
import { facts } from './caption.js';
import { el, percent } from './dom.js';
import { drawTile } from './tile.js';
import { Tiles } from './tiles.js';

export class PointPanel {
  constructor(app) {
    this.app = app;
    this.canvas = el('canvas', { class: 'tile big' });
    this.text = el('div');
    this.near = new Tiles(app, { page: 24 });
    this.nearTitle = el('h3');
    this.element = el('section', { class: 'panel', id: 'point', hidden: true },
      el('div', { class: 'panel-head' }, el('h2', {}, 'Point'), el('button', { class: 'quiet', 'aria-label': 'Unpin the point', onclick: () => app.pin(-1) }, '\u2715')),
      el('div', { class: 'point' }, this.canvas, this.text), this.nearTitle, this.near.element);
    app.store.on((s, has) => {
      if (has('pinned')) this.show(s);
      else if (s.pinned >= 0 && has('map', 'alpha', 'method', 'mapOf', 'colormap', 'inColour')) drawTile(this.canvas, app.data, s.pinned, s);
    });
  }

  show(s) {
    const { app } = this, { data } = app, i = s.pinned;
    this.element.hidden = i < 0;
    if (i < 0) return;
    this.element.dataset.point = i;
    this.canvas.hidden = !data.sprites && !data.maps.length;
    drawTile(this.canvas, data, i, s);
    this.text.replaceChildren(...[el('div', { class: 'name' }, data.name(i) ? `#${i} ${data.name(i)}` : `#${i}`), facts(data, i), this.bars(i), this.mapChoice(i, s), this.columns(i)].filter(Boolean));
    const near = data.nearest(i);
    this.nearTitle.textContent = near ? 'Nearest in feature space' : 'Nearest in this layout';
    const list = near ?? this.nearestInLayout(i);
    this.nearTitle.hidden = !list.length;
    this.near.show(list);
    if (this.element.getBoundingClientRect().bottom < 0) this.element.scrollIntoView({ block: 'start' });
  }

  /** The likeliest classes with bars. */
  bars(i) {
    const { data } = this.app;
    return el('div', { class: 'bars' }, ...data.guesses(i).map(({ c, p }) => {
      const bar = el('span', { class: c === data.label(i) ? 'bar true' : 'bar' });
      bar.style.width = `${100 * p}%`;
      return el('div', { class: 'bar-row' }, el('span', {}, data.className(c)), el('span', { class: 'track' }, bar), el('span', { class: 'number' }, percent(p)));
    }));
  }

  /** The classes that there are maps of, where there are several. */
  mapChoice(i, s) {
    const { data, store } = this.app, classes = i < data.n ? data.maps[s.method]?.classes(i) ?? [] : [];
    if (classes.length < 2) return null;
    const current = data.map(i, s.method, s.mapOf).class;
    return el('label', {}, el('span', {}, 'Map of'), el('select', { onchange: (e) => store.set({ mapOf: Number(e.target.value) }) },
      ...classes.map((c) => el('option', { value: c, selected: c === current }, data.className(c)))));
  }

  columns(i) {
    const { data } = this.app;
    if (!data.columns.length || i >= data.n) return null;
    return el('dl', { class: 'facts' }, ...data.columns.flatMap((c) => [el('dt', {}, c.name), el('dd', {}, c.kind === 'text' ? c.values[c.of[i]] : String(Number(c.of[i].toPrecision(6))))]));
  }

  nearestInLayout(i) {
    const plot = this.app.plots[0];
    if (!plot || plot.layout < 0 || i >= this.app.data.n) return [];
    const [x, y] = plot.at(i), found = [], want = 13;
    for (let r = 0.005; r < 4 && found.length < want; r *= 1.6) {
      found.length = 0;
      plot.grid.each(x - r, y - r, x + r, y + r, (j) => {
        const [u, v] = plot.at(j), d = Math.hypot(u - x, v - y);
        if (j !== i && d <= r) found.push([d, j]);
      });
    }
    return found.sort((a, b) => a[0] - b[0]).slice(0, want - 1).map(([, j]) => j);
  }
}
