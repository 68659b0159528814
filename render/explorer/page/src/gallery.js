// The gallery: images with their maps in rows, in place of the plot.
import { count, el } from './dom.js';
import { Tiles } from './tiles.js';

export class Gallery {
  constructor(app, element) {
    this.app = app;
    this.element = element;
    this.title = el('p', { class: 'note' });
    this.tiles = new Tiles(app, { page: 60, large: true });
    const all = el('button', { id: 'do-allClasses', title: 'The maps of several classes of each image (A)', onclick: () => app.store.set({ allClasses: !app.store.state.allClasses }) }, 'Classes side by side');
    element.append(el('div', { class: 'gallery-head' }, this.title, app.data.maps.some((m) => m.most > 1) ? all : null), this.tiles.element);
    app.store.on((s, has) => {
      element.hidden = !s.gallery;
      all.setAttribute('aria-pressed', String(s.allClasses));
      if (s.gallery && has('gallery', 'selection', 'hidden', 'mistakes', 'colour')) this.show(s);
      else if (s.gallery && has('mapOf', 'allClasses')) this.tiles.renew();
    });
  }

  show(s) {
    const { data, derived: d } = this.app, list = [];
    for (let i = 0; i < data.n; i++) if (d.visible[i] && (!s.selection.length || d.selected[i])) list.push(i);
    this.title.textContent = `${count(list.length)} of ${count(data.n)} points${s.selection.length ? ', those selected' : ''}`;
    this.tiles.show(list);
  }
}
