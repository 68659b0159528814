// Which class was taken for which: a matrix whose cells select, or for many classes the
// commonest mistakes.
import { count, el } from './dom.js';

const most = 30; // classes of a matrix

export class Confusion {
  constructor(app) {
    this.app = app;
    const { data } = app, k = data.classes.length;
    this.cells = new Map(); // label * k + prediction -> points
    for (let i = 0; i < data.n; i++) {
      const l = data.label(i), p = data.prediction(i);
      if (l < 0 || p < 0) continue;
      const cell = l * k + p;
      if (!this.cells.has(cell)) this.cells.set(cell, []);
      this.cells.get(cell).push(i);
    }
    let right = 0, all = 0;
    for (const [cell, points] of this.cells) {
      all += points.length;
      if (Math.floor(cell / k) === cell % k) right += points.length;
    }
    this.element = el('section', { class: 'panel', id: 'confusion' }, el('h2', {}, 'Confusion'),
      el('p', { class: 'note' }, `${count(right)} of ${count(all)} right (${((100 * right) / all).toFixed(1)}%). Press a number to select its points.`),
      k <= most ? this.matrix() : this.list());
  }

  button(l, p, text) {
    const { data } = this.app, points = this.cells.get(l * data.classes.length + p) ?? [];
    return el('button', {
      class: l === p ? 'cell diagonal' : 'cell', disabled: !points.length, 'data-cell': `${l},${p}`,
      'aria-label': `${data.className(l)} taken for ${data.className(p)}: ${points.length}`, title: `${data.className(l)} taken for ${data.className(p)}`,
      onclick: () => this.app.select(points),
    }, text ?? (points.length ? String(points.length) : ''));
  }

  matrix() {
    const { classes } = this.app.data, k = classes.length;
    let largest = 1;
    for (const [cell, points] of this.cells) if (Math.floor(cell / k) !== cell % k) largest = Math.max(largest, points.length);
    const short = (name) => el('span', { title: name }, name);
    return el('div', { class: 'scroll' }, el('table', { class: 'matrix' },
      el('caption', {}, 'Rows: the true class; columns: the prediction'),
      el('thead', {}, el('tr', {}, el('td'), ...classes.map((name) => el('th', { scope: 'col' }, short(name))))),
      el('tbody', {}, ...classes.map((name, l) => el('tr', {}, el('th', { scope: 'row' }, short(name)), ...classes.map((_, p) => {
        const points = this.cells.get(l * k + p) ?? [], td = el('td', {}, this.button(l, p));
        if (points.length && l !== p) td.style.background = `rgb(213 94 0 / ${Math.round(12 + (60 * points.length) / largest)}%)`;
        return td;
      }))))));
  }

  list() {
    const { data } = this.app, k = data.classes.length;
    const wrong = [...this.cells].filter(([cell]) => Math.floor(cell / k) !== cell % k).sort((a, b) => b[1].length - a[1].length).slice(0, 40);
    return el('ul', { class: 'pairs' }, ...wrong.map(([cell, points]) => {
      const l = Math.floor(cell / k), p = cell % k;
      return el('li', {}, this.button(l, p, `${data.className(l)} taken for ${data.className(p)}: ${points.length}`));
    }));
  }
}
