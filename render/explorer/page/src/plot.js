// A pane: the points of a layout, what is drawn over them, and the pointer.
import { Camera } from './camera.js';
import { el } from './dom.js';
import { Grid } from './grid.js';
import { gestures } from './gestures.js';
import { Points } from './points.js';
import { bounds, inside } from './polygon.js';
import { kept } from './sprites.js';
import { placeThumbs } from './thumbs.js';

const reduced = matchMedia('(prefers-reduced-motion: reduce)');

export class Plot {
  /** main tells whether this is the pane of the first layout, whose view the URL keeps. */
  constructor(app, main) {
    this.app = app;
    this.main = main;
    this.camera = new Camera();
    this.layout = -1;
    this.t = 1;
    this.most = 300000; // points drawn while something moves, at most
    this.last = -1e9; // when the last frame was
    this.before = new Set(); // points that have an image on the plot
    this.gl = el('canvas', { class: 'points', 'aria-hidden': 'true' });
    this.over = el('canvas', { class: 'over', tabindex: '0', role: 'application', 'aria-label': 'Plot. Arrow keys move it, + and - zoom, Enter pins the point in the middle, N and P walk on; ? lists all keys.' });
    this.name = el('div', { class: 'layout-name' });
    this.element = el('div', { class: 'pane' }, this.gl, this.over, this.name);
    this.points = new Points(this.gl);
    this.points.again = () => this.redraw();
    gestures(this);
    new ResizeObserver(() => this.resize()).observe(this.element);
  }

  get data() { return this.app.data; }

  resize() {
    const { clientWidth: w, clientHeight: h } = this.element, dpr = Math.min(devicePixelRatio || 1, 2);
    if (!w || !h) return;
    this.dpr = dpr;
    for (const c of [this.gl, this.over]) {
      c.width = Math.round(w * dpr);
      c.height = Math.round(h * dpr);
    }
    this.camera.width = w;
    this.camera.height = h;
    this.redraw(true);
  }

  /** Shows a layout; the points move there from the one before. */
  show(layout) {
    if (layout === this.layout) return;
    const to = this.data.layouts[layout], from = this.data.layouts[this.layout] ?? to;
    to.grid ??= new Grid(to.unit);
    this.points.positions(from.unit, to.unit);
    this.over.setAttribute('data-layout', layout);
    this.name.textContent = to.name;
    const moves = from !== to && !reduced.matches;
    this.layout = layout;
    this.t = moves ? 0 : 1;
    this.began = performance.now();
    this.redraw();
  }

  get grid() { return this.data.layouts[this.layout].grid; }
  at(i) {
    if (i >= this.data.n) return this.layout === 0 ? this.data.extra[i - this.data.n].unit : null;
    const u = this.data.layouts[this.layout].unit;
    return [u[2 * i], u[2 * i + 1]];
  }

  screen(i) { return this.camera.toScreen(...this.at(i)); }

  /** Follows the state. */
  update(s, has) {
    const d = this.app.derived;
    if (has('colour', 'palette', 'dark')) this.points.colours(d.rgba);
    if (has('colour', 'hidden', 'mistakes', 'selection')) this.points.order(d.order, d.marked);
    this.redraw();
  }

  /** Draws at the next frame; still tells that nothing moves, so that all is drawn. */
  redraw(still = false) {
    this.still = still || (this.still && this.waiting);
    clearTimeout(this.later);
    if (this.waiting) return;
    this.waiting = true;
    this.asked = performance.now();
    requestAnimationFrame((now) => this.frame(now));
  }

  /** Draws once, and looks at how long frames take: with many points as many are drawn
   * while something moves as come to some 30 frames a second. */
  frame(now) {
    this.waiting = false;
    if (this.layout < 0 || !this.camera.width || !this.dpr) return;
    if (this.t < 1) {
      const part = Math.min(1, (now - this.began) / 700);
      this.t = part < 1 ? part * part * (3 - 2 * part) : 1;
    }
    this.measure(now);
    const most = this.still ? Infinity : this.most;
    // Once nothing has moved for a while, all points are drawn.
    if (most < this.points.rest) this.later = setTimeout(() => this.redraw(true), Math.max(150, 2 * this.gap));
    this.points.draw(this.camera, { t: this.t, size: this.size(), dpr: this.dpr, most });
    this.drawOver();
    if (this.t < 1) this.redraw();
  }

  /** Decides from the time since the last frame how many points the next may have, where
   * it was asked for at once, so that something moves. */
  measure(now) {
    const gap = Math.min(now - this.last, 2000), moves = !this.still && !this.wasStill && this.asked - this.last < 100;
    this.last = now;
    this.gap = gap;
    this.wasStill = this.still;
    if (!moves || this.data.n <= 20000) return;
    const drawn = Math.min(this.most, this.points.rest);
    if (gap > 45) this.most = Math.max(20000, drawn / Math.min(4, gap / 33));
    else if (gap < 25 && this.most < this.points.rest) this.most *= 1.2;
  }

  /** The diameter of a point in CSS pixels. */
  size() {
    const n = this.data.n, base = Math.min(9, Math.max(1.6, 36 / n ** 0.24));
    return Math.min(16, base * this.camera.k ** 0.4 * Math.min(1, 0.5 + this.camera.width / 1200));
  }

  drawOver() {
    const c = this.over.getContext('2d'), s = this.app.store.state;
    c.setTransform(this.dpr, 0, 0, this.dpr, 0, 0);
    c.clearRect(0, 0, this.camera.width, this.camera.height);
    if (this.t === 1) {
      this.drawLines(c, s);
      this.drawThumbs(c, s);
      this.drawExtra(c, s);
      if (s.pinned >= 0) this.drawMarked(c, s, s.pinned, true);
      if (s.hover >= 0 && s.hover !== s.pinned) this.drawMarked(c, s, s.hover, false);
    }
    this.drawLasso(c);
  }

  drawThumbs(c, s) {
    this.thumbs = [];
    if (s.images === 'off' || !this.data.sprites) return;
    const inView = [], d = this.app.derived, limit = s.images === 'always' ? 50000 : 1200;
    this.grid.each(...this.camera.box(), (i) => {
      if (d.visible[i] && (!d.marked || d.selected[i])) inView.push(i);
      return inView.length > limit;
    });
    if (inView.length > limit || (s.images === 'zoom' && this.camera.k < 1.5 && this.data.n > 150)) {
      this.before.clear();
      return;
    }
    const side = s.imageSize, later = () => this.redraw(this.still);
    const { sprites } = this.data, sheets = new Set();
    const near = new Set(s.pinned >= 0 ? this.data.nearest(s.pinned) ?? [] : []);
    const rank = (i) => (i === s.pinned ? 3 : near.has(i) ? 2 : Number(this.before.has(i)));
    this.thumbs = placeThumbs(inView, (i) => this.screen(i), side + 6, rank, 600);
    this.before = new Set(this.thumbs.map((t) => t.i));
    for (const { i, px, py } of this.thumbs) {
      const [w, h] = sprites.size(i);
      if (!w) continue;
      // Of no more sheets than are kept: one in view would put another out, and that the first.
      const sheet = sprites.sheetOf(i);
      if (!sheets.has(sheet) && sheets.size === kept) continue;
      sheets.add(sheet);
      const dw = (side * w) / Math.max(w, h), dh = (side * h) / Math.max(w, h);
      c.fillStyle = d.css(i);
      c.fillRect(px - dw / 2 - 2, py - dh / 2 - 2, dw + 4, dh + 4);
      sprites.draw(c, i, px - dw / 2, py - dh / 2, dw, dh, later);
    }
  }

  drawExtra(c, s) {
    if (this.layout !== 0) return;
    this.data.extra.forEach((e, k) => {
      const [px, py] = this.camera.toScreen(...e.unit);
      const side = s.imageSize * 1.2;
      if (e.bitmap) c.drawImage(e.bitmap, px - side / 2, py - side / 2, side, side);
      c.lineWidth = 3;
      c.strokeStyle = '#e0218a';
      c.strokeRect(px - side / 2, py - side / 2, side, side);
      if (this.data.n + k === s.pinned) ring(c, px, py, side);
    });
  }

  /** Lines from the pinned point to its neighbours. */
  drawLines(c, s) {
    if (s.pinned < 0 || !this.at(s.pinned)) return;
    const from = this.screen(s.pinned);
    c.lineWidth = 1;
    c.strokeStyle = s.dark ? 'rgb(255 255 255 / 45%)' : 'rgb(0 0 0 / 40%)';
    c.beginPath();
    for (const j of this.data.nearest(s.pinned) ?? []) {
      c.moveTo(...from);
      c.lineTo(...this.screen(j));
    }
    c.stroke();
  }

  /** A point in front of all others: its image larger, where it is shown, or a ring. */
  drawMarked(c, s, i, pinned) {
    if (!this.at(i)) return;
    const [px, py] = this.screen(i);
    if (i >= this.data.n || !this.thumbs?.some((t) => t.i === i)) {
      ring(c, px, py, this.size() / 2 + (pinned ? 5 : 3));
      return;
    }
    const [w, h] = this.data.sprites.size(i), side = s.imageSize * 1.5;
    const dw = (side * w) / Math.max(w, h), dh = (side * h) / Math.max(w, h);
    for (const [edge, colour] of pinned ? [[6, '#000'], [4.5, '#fff'], [3, this.app.derived.css(i)]] : [[3, this.app.derived.css(i)]]) {
      c.fillStyle = colour;
      c.fillRect(px - dw / 2 - edge, py - dh / 2 - edge, dw + 2 * edge, dh + 2 * edge);
    }
    this.data.sprites.draw(c, i, px - dw / 2, py - dh / 2, dw, dh, () => this.redraw(this.still));
  }

  drawLasso(c) {
    const p = this.lasso;
    if (!p) return;
    c.beginPath();
    for (let i = 0; i < p.length; i += 2) c.lineTo(...this.camera.toScreen(p[i], p[i + 1]));
    c.closePath();
    c.fillStyle = 'rgb(0 114 178 / 15%)';
    c.fill();
    c.lineWidth = 1.5;
    c.strokeStyle = '#0072b2';
    c.stroke();
  }

  /** The point under the pointer, in CSS pixels of the pane; -1 where there is none. */
  pick(px, py, touch = false) {
    if (this.layout < 0) return -1;
    const s = this.app.store.state;
    if (this.layout === 0) {
      for (let k = this.data.extra.length - 1; k >= 0; k--) {
        const [x, y] = this.camera.toScreen(...this.data.extra[k].unit);
        if (Math.max(Math.abs(x - px), Math.abs(y - py)) < s.imageSize * 0.6) return this.data.n + k;
      }
    }
    for (const t of this.thumbs ?? []) {
      if (Math.max(Math.abs(t.px - px), Math.abs(t.py - py)) <= s.imageSize / 2) return t.i;
    }
    const radius = Math.max(this.size() / 2 + 2, touch ? 22 : 8);
    const [x, y] = this.camera.toPlane(px, py);
    return this.grid.nearest(x, y, radius / this.camera.unit, (i) => this.app.derived.visible[i]);
  }

  /** The visible points within a polygon of the plane, ascending. */
  within(polygon) {
    const out = [];
    this.grid.each(...bounds(polygon), (i) => {
      const [x, y] = this.at(i);
      if (this.app.derived.visible[i] && inside(polygon, x, y)) out.push(i);
    });
    return Int32Array.from(out).sort();
  }

  /** The visible point nearest to the middle; -1 where none is near. */
  pickMiddle() {
    const { camera: c } = this, radius = (0.5 * Math.min(c.width, c.height)) / c.unit;
    return this.grid.nearest(c.x, c.y, radius, (i) => this.app.derived.visible[i]);
  }

  /** The visible points in view, ascending. */
  inView() {
    const [x0, y0, x1, y1] = this.camera.box(), out = [];
    this.grid.each(x0, y0, x1, y1, (i) => { if (this.app.derived.visible[i]) out.push(i); });
    return Int32Array.from(out).sort();
  }

  /** Brings a point into the middle, zoomed in so far that its neighbourhood is seen. */
  focus(i) {
    const at = this.at(i);
    if (!at) return;
    // Of many points the 40 nearest in the layout are to be in view, of few a twelfth.
    const grid = this.grid, near = Math.min(40, Math.max(5, this.data.n / 12));
    let radius = 0.02;
    for (; radius < 1; radius *= 1.5) {
      let found = 0;
      grid.each(at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius, () => ++found > near);
      if (found > near) break;
    }
    this.moveTo({ x: at[0], y: at[1], k: Math.max(this.camera.k, Math.min(1 / radius, 400)) });
  }

  /** Moves the camera smoothly. */
  moveTo(view) {
    const from = { x: this.camera.x, y: this.camera.y, k: this.camera.k }, began = performance.now();
    const step = (now) => {
      if (this.motion !== step) return;
      const part = reduced.matches ? 1 : Math.min(1, Math.max(0, (now - began) / 350)), e = part * (2 - part);
      this.camera.k = from.k * (view.k / from.k) ** e;
      // The middle moves with the zoom, so that the path on the screen is straight.
      const f = view.k === from.k ? e : (1 / from.k - 1 / this.camera.k) / (1 / from.k - 1 / view.k);
      this.camera.x = from.x + (view.x - from.x) * f;
      this.camera.y = from.y + (view.y - from.y) * f;
      if (part === 1) Object.assign(this.camera, view); // and not what rounding makes of it
      this.redraw(part === 1);
      if (part < 1) requestAnimationFrame(step);
      else {
        this.motion = null;
        this.moved();
      }
    };
    this.motion = step;
    step(reduced.matches ? began + 1000 : began);
  }

  /** Called when the camera has moved. */
  moved() {
    this.redraw();
    const { x, y, k } = this.camera;
    if (this.main) this.app.store.set({ view: { x, y, k } });
  }
}

function ring(c, x, y, r) {
  for (const [width, colour] of [[5, '#000'], [2.5, '#fff']]) {
    c.beginPath();
    c.arc(x, y, r, 0, 2 * Math.PI);
    c.lineWidth = width;
    c.strokeStyle = colour;
    c.stroke();
  }
}
