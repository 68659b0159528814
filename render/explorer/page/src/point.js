// The pinned point: its image large, what the network said, and its nearest neighbours.
import { facts, likely, wantedName } from './caption.js';
import { predicted } from './data.js';
import { el, percent } from './dom.js';
import { choicesOf } from './mapped.js';
import { drawTile } from './tile.js';
import { Tiles } from './tiles.js';

export class PointPanel {
  constructor(app) {
    this.app = app;
    this.canvas = el('canvas', { class: 'tile big' });
    this.text = el('div');
    this.near = new Tiles(app, { page: 24 });
    this.nearTitle = el('h3');
    this.nearNote = el('p', { class: 'note' });
    this.choice = el('div', { class: 'map-choice' });
    this.element = el('section', { class: 'panel', id: 'point', hidden: true },
      el('div', { class: 'panel-head' }, el('h2', {}, 'Point'), el('button', { class: 'quiet', 'aria-label': 'Unpin the point', onclick: () => app.pin(-1) }, '\u2715')),
      el('div', { class: 'point' }, el('div', { class: 'big-picture' }, this.canvas, this.choice), this.text), this.nearTitle, this.nearNote, this.near.element);
    app.store.on((s, has) => {
      if (has('pinned')) this.show(s);
      else if (s.pinned >= 0 && has('map', 'alpha', 'method', 'mapOf', 'colormap', 'inColour')) drawTile(this.canvas, app.data, s.pinned, s);
      if (s.pinned >= 0 && has('pinned', 'map', 'method', 'mapOf')) this.showMapped(s);
    });
  }

  show(s) {
    const { app } = this, { data } = app, i = s.pinned;
    this.element.hidden = i < 0;
    if (i < 0) return;
    this.element.dataset.point = i;
    this.canvas.hidden = !data.sprites && !data.maps.length;
    drawTile(this.canvas, data, i, s);
    this.text.replaceChildren(...[el('div', { class: 'name' }, data.name(i) ? `#${i} ${data.name(i)}` : `#${i}`), facts(data, i), this.bars(i), this.columns(i)].filter(Boolean));
    const near = data.nearest(i);
    this.nearTitle.textContent = near ? 'Nearest in feature space' : 'Nearest in this layout';
    const list = near ?? this.nearestInLayout(i);
    this.list = list;
    this.nearTitle.hidden = !list.length;
    this.near.show(list);
    if (this.element.getBoundingClientRect().bottom < 0) this.element.scrollIntoView({ block: 'start' });
  }

  /** The likeliest classes with bars; those that there are maps of are buttons for them. */
  bars(i) {
    const { data } = this.app;
    return el('div', { class: 'bars' }, ...data.guesses(i).slice(0, 5).map(({ c, p }) => {
      const bar = el('span', { class: c === data.label(i) ? 'bar true' : 'bar' });
      bar.style.width = `${100 * p}%`;
      return el('button', { class: 'bar-row', 'data-class': c, title: `Map of ${data.className(c)}`, onclick: () => this.mapClass(c) },
        el('span', {}, data.className(c)), el('span', { class: 'track' }, bar), el('span', { class: 'number' }, percent(p)));
    }));
  }

  /** Maps a class of the pinned point. */
  mapClass(c) {
    const { data, store } = this.app, own = choicesOf(data, store.state.pinned, store.state.method).find((o) => o.c === c);
    if (own) store.set({ mapOf: own.key, map: true });
  }

  /** Which class is mapped, and the choice of it where there are several. */
  showMapped(s) {
    const { data } = this.app, i = s.pinned, own = choicesOf(data, i, s.method), current = data.mappedClass(i, s.method, s.mapOf);
    for (const row of this.text.querySelectorAll('.bar-row')) {
      const c = Number(row.dataset.class);
      row.disabled = own.length < 2 || !own.some((o) => o.c === c);
      row.setAttribute('aria-pressed', String(s.map && c === current));
    }
    // What the neighbours and the gallery show may be another class than this point has.
    const options = own.map((o) => el('option', { value: o.c, selected: o.c === current }, likely(data, i, o.c)));
    if (current === -2) options.unshift(el('option', { value: -2, selected: true, disabled: true }, `no map of ${wantedName(data, s.mapOf)}`));
    const focused = this.choice.contains(document.activeElement);
    this.choice.replaceChildren(own.length > 1 ? el('label', {}, el('span', {}, 'Map of'), el('select', { 'aria-label': 'Map of', onchange: (e) => this.mapClass(Number(e.target.value)) }, ...options)) : '');
    if (focused) this.choice.querySelector('select')?.focus();
    this.note(s);
  }

  /** Says why the neighbours are what they are, and why some have no map. */
  note(s) {
    const { data } = this.app, words = [];
    if (s.pinned < data.n && !data.neighbours && data.meta.noRoom) words.push('For so many points the file has no room for neighbours in feature space.');
    const without = s.map && s.mapOf !== predicted && this.list.filter((j) => data.mapped(j, s.method).length && data.mappedClass(j, s.method, s.mapOf) === -2).length;
    if (without) words.push(`${without} of them without a map of ${wantedName(data, s.mapOf)}.`);
    this.nearNote.textContent = words.join(' ');
    this.nearNote.hidden = !words.length;
  }

  columns(i) {
    const { data } = this.app;
    if (!data.columns.length || i >= data.n) return null;
    return el('dl', { class: 'facts' }, ...data.columns.flatMap((c) => [el('dt', {}, c.name), el('dd', {}, c.kind === 'text' ? c.values[c.of[i]] : String(Number.isInteger(c.of[i]) ? c.of[i] : Number(c.of[i].toPrecision(6))))]));
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
