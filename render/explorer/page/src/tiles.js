// A list of points as buttons with their images.
import { mapWords, summary } from './caption.js';
import { predicted } from './data.js';
import { count, el } from './dom.js';
import { beside } from './mapped.js';
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
    this.measure();
    this.add();
  }

  /** Makes room for as many pictures as a point has. */
  measure() {
    if (this.large && this.indices.length) this.list.style.setProperty('--views', Math.min(8, Math.max(...Array.from(this.indices).slice(0, 50).map((i) => this.views(i).length))));
  }

  /** Shows other pictures of the same points. */
  renew() {
    this.measure();
    for (const b of this.list.children) {
      b.querySelector('.pictures')?.replaceChildren(...this.views(Number(b.dataset.point)).map((v) => this.picture(v)));
      this.watch.observe(b);
    }
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

  /** What is shown of a point: the map of the state's method and class; where there is room
   * the image alone and the maps of all methods, and where the state says so of all classes. */
  views(i) {
    const { data, store: { state: s } } = this.app, { maps } = data;
    if (!this.large || !maps.length) return [{}];
    return [{ map: false, name: 'image' }, ...maps.flatMap((m, method) => {
      const classes = s.allClasses ? beside(data, i, method) : [];
      const chosen = classes.length > 1 ? classes : [s.mapOf];
      return chosen.map((mapOf) => {
        const words = m.most > 1 && (maps.length === 1 || classes.length > 1 || mapOf !== predicted) ? mapWords(data, i, { method, mapOf }) : '';
        return { method, mapOf, name: words && maps.length > 1 ? `${m.name}: ${words}` : words || m.name };
      });
    })];
  }

  picture(view) {
    const c = el('canvas', { class: 'tile', width: 1, height: 1 });
    c.view = view;
    return view.name ? el('span', { class: 'view' }, c, el('span', { class: 'method', title: view.name }, view.name)) : c;
  }

  draw(button) {
    const { data, store: { state: s } } = this.app;
    for (const c of button.querySelectorAll('canvas')) {
      drawTile(c, data, Number(button.dataset.point), { ...s, ...c.view });
    }
  }
}
