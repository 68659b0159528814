// The page: reads the data, joins the parts and keeps the state in the URL.
import { bar } from './bar.js';
import { Card } from './card.js';
import { colourings } from './colours.js';
import { Confusion } from './confusion.js';
import { Data } from './data.js';
import { Derived } from './derived.js';
import { byId, count } from './dom.js';
import { fromFragment, toFragment } from './fragment.js';
import { Gallery } from './gallery.js';
import { levels } from './heat.js';
import { intake, liveBlocks } from './intake.js';
import { keyboard } from './keyboard.js';
import { Legend } from './legend.js';
import { choices } from './mapped.js';
import { startLive } from './live.js';
import { Plot } from './plot.js';
import { PointPanel } from './point.js';
import { SelectionPanel } from './selection.js';
import { Store } from './store.js';

const darkSystem = matchMedia('(prefers-color-scheme: dark)');

class App {
  constructor(data) {
    this.data = data;
    const { meta } = data;
    this.colourings = colourings(data);
    this.mapChoices = choices(data);
    this.allowed = {
      layout: data.layouts.map((_, i) => i), colour: this.colourings.map((c) => c.key), method: data.maps.map((_, i) => i),
      mapOf: this.mapChoices.map((c) => c.key), colormap: meta.colormaps, palette: meta.palettes.map((p) => p.name), images: ['zoom', 'always', 'off'],
      mode: ['pan', 'lasso', 'box'], theme: ['system', 'light', 'dark'],
    };
    this.first = {
      layout: 0, split: false, colour: this.colourings[0].key, hidden: new Set(), mistakes: false, selection: new Int32Array(0),
      pinned: -1, hover: -1, map: true, alpha: meta.alpha, method: 0, mapOf: -1, colormap: meta.colormap, inColour: meta.color,
      palette: meta.palette, images: 'zoom', imageSize: 40, mode: 'pan', theme: 'system', dark: darkSystem.matches,
      gallery: meta.gallery || !data.layouts.length, allClasses: meta.allClasses, view: { x: 0, y: 0, k: 1 },
    };
    this.store = new Store({ ...this.first, ...fromFragment(location.hash.slice(1), this.first, this.allowed, data.n) });
    this.derived = new Derived(data);
    this.plots = [];
  }

  build() {
    const { data, store } = this, { state: s } = store;
    byId('title').textContent = data.title || 'Explorer';
    store.on((state, has) => this.derived.update(state, has));
    store.on((state, has) => { if (has('theme', 'dark')) this.theme(); });
    if (data.layouts.length) this.buildPlots();
    byId('controls').append(...bar(this));
    this.card = new Card(this);
    this.panels = [new PointPanel(this), new SelectionPanel(this), new Legend(this)];
    if (data.judged) this.panels.push(new Confusion(this));
    byId('side').append(...this.panels.map((p) => p.element));
    new Gallery(this, byId('maps'));
    store.on((state) => {
      byId('stage').hidden = state.gallery;
      byId('main').classList.toggle('is-gallery', state.gallery);
      this.remember();
    });
    keyboard(this);
    // All is new to everyone at first.
    for (const key of Object.keys(s)) store.changed.add(key);
    store.tell();
    darkSystem.addEventListener('change', () => this.theme());
    addEventListener('hashchange', () => this.recall());
  }

  buildPlots() {
    try {
      this.plots = [new Plot(this, true)];
    } catch (error) {
      byId('stage').textContent = `The plot cannot be drawn: ${error.message}.`;
      return;
    }
    const stage = byId('stage');
    stage.append(this.plots[0].element);
    Object.assign(this.plots[0].camera, this.store.state.view);
    this.store.on((s, has) => {
      if (has('split')) this.split(s.split);
      this.plots[0].show(s.layout);
      this.plots[1]?.show((s.layout + 1) % this.data.layouts.length);
      for (const p of this.plots) p.update(s, has);
    });
  }

  /** Shows a second pane with the next layout, or takes it away. */
  split(on) {
    if (on && this.plots.length < 2) {
      this.other ??= new Plot(this, false);
      this.plots.push(this.other);
      byId('stage').append(this.other.element);
      this.other.update(this.store.state, () => true);
    } else if (!on && this.plots.length > 1) {
      this.plots.pop().element.remove();
    }
    byId('stage').classList.toggle('is-split', on);
  }

  theme() {
    const { theme } = this.store.state, dark = theme === 'system' ? darkSystem.matches : theme === 'dark';
    document.documentElement.classList.toggle('dark', dark);
    this.store.set({ dark });
  }

  hover(i, e) {
    if (e) this.card.at(e.clientX, e.clientY);
    this.store.set({ hover: e ? i : -1 });
    for (const p of this.plots) p.over.classList.toggle('on-point', i >= 0);
  }

  click(i, plot) {
    if (i >= 0) this.pin(i, true, plot);
    else this.pin(-1);
  }

  /** Pins a point, and with focus brings it into the middle of the panes. */
  pin(i, focus = false) {
    this.store.set({ pinned: i, hover: -1 });
    if (i >= 0 && focus && !this.store.state.gallery) for (const p of this.plots) p.focus(i);
  }

  select(points) { this.store.set({ selection: Int32Array.from(points).sort() }); }

  /** Pins the next point: of the selection, else of those seen. */
  step(by) {
    const { store: { state: s }, derived: d, data } = this;
    const within = s.selection.length ? s.selection : null, n = within ? within.length : data.n;
    let at = within ? within.indexOf(s.pinned) : s.pinned;
    if (at < 0 && by < 0) at = 0;
    for (let tries = 0; tries < n; tries++) {
      at = (((at + by) % n) + n) % n;
      const i = within ? within[at] : at;
      if (d.visible[i]) {
        this.pin(i, true);
        return;
      }
    }
  }

  home() { for (const p of this.plots) p.moveTo({ x: 0, y: 0, k: 1 }); }

  /** Keeps the state in the fragment, a little later so that sliding does not write often. */
  remember() {
    clearTimeout(this.later);
    this.later = setTimeout(() => {
      this.fragment = toFragment(this.store.state, this.first);
      if (this.fragment === location.hash.slice(1)) return;
      try {
        history.replaceState(null, '', `#${this.fragment}`);
      } catch {
        location.replace(`#${this.fragment}`);
      }
    }, 200);
  }

  /** Follows a fragment that the user has entered. */
  recall() {
    const text = location.hash.slice(1);
    if (text === this.fragment) return;
    const s = fromFragment(text, this.first, this.allowed, this.data.n);
    this.store.set(s);
    if (this.plots[0]) {
      Object.assign(this.plots[0].camera, s.view);
      this.plots[0].redraw();
    }
  }

  /** Adds a point that was not in the file: see window.glimpse. */
  async addPoint({ x, y, image, className = '', probabilities = [], map, mapOf, neighbours }) {
    const { data } = this, l = data.layouts[0], canvas = document.createElement('canvas');
    const e = { className, neighbours, probabilities, mapOf, prediction: -1, pixels: null, map: null };
    if (image) {
      [canvas.width, canvas.height] = [image.width, image.height];
      const c = canvas.getContext('2d');
      c.drawImage(image, 0, 0);
      e.pixels = c.getImageData(0, 0, image.width, image.height);
      e.bitmap = canvas;
    }
    e.guesses = Array.from(probabilities, (p, c) => ({ c, p })).sort((a, b) => b.p - a.p || a.c - b.c).slice(0, 5);
    e.prediction = e.guesses[0]?.c ?? data.classes.indexOf(className);
    const coarse = (m, c) => ({ class: m.class ?? c, width: m.width, height: m.height, levels: m.levels ?? levels(m.values) });
    if (map) e.map = coarse(map, e.prediction);
    if (mapOf) e.mapOf = async (c) => coarse(await mapOf(c), c);
    // A layout of one component has no y.
    e.unit = [x, y].map((v, k) => (l && Number.isFinite(v) ? (v - l.centre[k]) / l.half : 0));
    data.extra.push(e);
    for (const p of this.plots) p.redraw();
    return data.n + data.extra.length - 1;
  }
}

let begun;
/** For programs in the page: ready, a promise of the page being built; addPoint({x, y,
 * image, className, probabilities, map: {width, height, values}, mapOf, neighbours}), in units
 * of the first layout, which resolves to the point's index; mapOf(class) promises the map of
 * another class, as map; select(index), which pins it. */
window.glimpse = {
  ready: new Promise((done) => { begun = done; }),
  addPoint: (p) => window.glimpse.app.addPoint(p),
  select: (i) => window.glimpse.app.pin(i, true),
};

async function start() {
  const data = await Data.load();
  const app = new App(data);
  window.glimpse.app = app;
  app.build();
  byId('loading').remove();
  document.body.classList.add('is-ready');
  if (data.meta.live) {
    startLive(liveBlocks, intake(window.glimpse)); // the page is ready without
  }
  requestAnimationFrame(() => begun(count(data.n)));
}

start().catch((error) => {
  const p = byId('loading');
  if (p) p.textContent = `The page cannot be shown: ${error.message}`;
  throw error;
});
