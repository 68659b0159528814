// The page by its keys alone.
import { byId, el } from './dom.js';
import { step } from './mapped.js';

const keys = [
  ['Arrow keys', 'move the plot (with the plot in focus)'],
  ['+ and \u2212', 'zoom in and out'],
  ['0', 'all in view'],
  ['Enter', 'pin the point in the middle (with the plot in focus)'],
  ['N, P', 'the next and the previous point: of the selection, else of those seen'],
  ['S', 'select the points in view'],
  ['L', 'the next layout'],
  ['D', 'layouts side by side'],
  ['G', 'gallery or plot'],
  ['M', 'maps on or off'],
  ['K, Shift+K', 'map the next or the previous class'],
  ['A', 'in the gallery, the maps of several classes side by side'],
  ['W', 'only mistakes'],
  ['C', 'colour by the next'],
  ['/', 'search'],
  ['Esc', 'clear pin, then selection'],
  ['Drag', 'move; with Shift a lasso, with Alt a box'],
  ['Wheel, pinch', 'zoom'],
];

export function help() {
  const d = byId('help');
  if (!d.firstChild) {
    d.append(el('h2', {}, 'Keys and gestures'), el('dl', { class: 'keys' }, ...keys.flatMap(([key, what]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, what)])),
      el('button', { onclick: () => d.close() }, 'Close'));
  }
  d.showModal();
}

export function keyboard(app) {
  const { store, data } = app;
  const toggle = (key) => store.set({ [key]: !store.state[key] });
  const next = (list, value) => list[(list.indexOf(value) + 1) % list.length];
  const plot = () => app.plots.find((p) => p.over === document.activeElement) ?? app.plots[0];
  const pan = (x, y) => { const p = plot(); p.motion = null; p.camera.pan(x, y); p.moved(); };
  const zoom = (f) => { const p = plot(); p.motion = null; p.camera.zoom(f); p.moved(); };
  const onPlot = {
    ArrowLeft: () => pan(60, 0), ArrowRight: () => pan(-60, 0), ArrowUp: () => pan(0, 60), ArrowDown: () => pan(0, -60),
    Enter: () => app.pin(plot().pickMiddle()),
  };
  const anywhere = {
    '+': () => zoom(1.3), '=': () => zoom(1.3), '-': () => zoom(1 / 1.3), 0: () => app.home(),
    n: () => app.step(1), p: () => app.step(-1),
    s: () => app.select(plot().inView()),
    l: () => data.layouts.length > 1 && store.set({ layout: next(data.layouts.map((_, i) => i), store.state.layout) }),
    d: () => data.layouts.length > 1 && toggle('split'),
    g: () => data.layouts.length && toggle('gallery'),
    m: () => toggle('map'),
    k: (e) => step(app, e.shiftKey ? -1 : 1),
    a: () => app.mapChoices.length > 1 && toggle('allClasses'),
    w: () => data.judged && toggle('mistakes'),
    c: () => store.set({ colour: next(app.allowed.colour, store.state.colour), hidden: new Set() }),
    '/': () => byId('search').focus(),
    '?': help,
    Escape: () => (store.state.pinned >= 0 ? app.pin(-1) : app.select([])),
  };
  document.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]') || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) return;
    const atPlot = app.plots.some((p) => p.over === e.target);
    const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
    const does = (atPlot && onPlot[key]) || anywhere[key];
    if (!does || (!app.plots.length && /^[-+=0sl]$/.test(key))) return;
    e.preventDefault();
    does(e);
  });
}
