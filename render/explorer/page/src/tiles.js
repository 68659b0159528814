// A list of points as buttons with their images.
import { summary } from './caption.js';
import { count, el } from './dom.js';
import { drawTile } from './tile.js';

/** Tiles of points, `page` at a time, the rest at the press of a button. With several
 * methods each point has a tile for each, side by side, and one without a map. */
export class Tiles {
  constructor(app, { page = 60, large = false } = {}) {
    this.app = app;
    this.page = page;
    this.large = large;
    this.list = el('div', { class: large ? 'tiles large' : 'tiles' });
    this.more = el('button', { class: 'more', onclick: () => this.add() }, 'Show more');
    this.element = el('div', {}, this.list, this.more);
    this.indices = [];
    // What is out of sight is drawn when it comes into sight.
    this.watch = new IntersectionObserver((entries) => {
      for (const e of entries) {
        if (!e.isIntersecting) continue;
        this.watch.unobserve(e.target);
        this.draw(e.target);
      }
    }, { rootMargin: '200px' });
    app.store.on((s, has) => {
      if (has('map', 'alpha', 'method', 'mapOf', 'colormap', 'inColour')) for (const b of this.list.children) this.watch.observe(b);
    });
  }

  show(indices) {
    this.indices = indices;
    this.shown = 0;
    this.watch.disconnect();
    this.list.replaceChildren();
    if (this.large && indices.length) this.list.style.setProperty('--views', Math.min(8, Math.max(...Array.from(indices).slice(0, 50).map((i) => this.views(i).length))));
    this.add();
  }

  add() {
    const { app } = this, { data } = app, end = Math.min(this.indices.length, this.shown + this.page);
    for (; this.shown < end; this.shown++) {
      const i = this.indices[this.shown], text = summary(data, i);
      const pictures = data.sprites || data.maps.length ? el('span', { class: 'pictures' }, ...this.views(i).map((v) => this.picture(v))) : null;
      const b = el('button', {
        class: `tile-button${data.wrong(i) ? ' is-wrong' : ''}`, 'data-point': i, title: data.name(i) || null, 'aria-label': `${text}, point ${i}`,
        onclick: () => app.pin(i, true),
        onmouseenter: (e) => app.hover(i, this.large ? null : e), onmouseleave: () => app.hover(-1),
      }, pictures, el('span', { class: 'caption' }, pictures ? text : `#${i} ${text}`));
      this.list.append(b);
      this.watch.observe(b);
    }
    const rest = this.indices.length - this.shown;
    this.more.hidden = rest <= 0;
    this.more.textContent = `Show more (${count(rest)})`;
  }

  /** What is shown of a point: the map of the state's method; where there is room the
   * image alone and the maps of all methods, or of a single one those of all classes. */
  views(i) {
    const { data } = this.app, { maps } = data;
    if (!this.large || !maps.length) return [{}];
    const classes = maps[0].classes(i);
    if (maps.length === 1 && classes.length > 1) {
      return [{ map: false, name: 'image' }, ...classes.map((c) => ({ mapOf: c, name: data.className(c) }))];
    }
    return [{ map: false, name: 'image' }, ...maps.map((m, method) => ({ method, name: m.name }))];
  }

  picture(view) {
    const c = el('canvas', { class: 'tile', width: 1, height: 1 });
    c.view = view;
    return view.name ? el('span', { class: 'view' }, c, el('span', { class: 'method' }, view.name)) : c;
  }

  draw(button) {
    const { data, store: { state: s } } = this.app;
    for (const c of button.querySelectorAll('canvas')) {
      drawTile(c, data, Number(button.dataset.point), { ...s, ...c.view });
    }
  }
}
