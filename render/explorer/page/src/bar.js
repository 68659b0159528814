// The controls above the plot.
import { el } from './dom.js';
import { picture, save } from './export.js';
import { help } from './keyboard.js';
import { Search } from './search.js';

export function bar(app) {
  const { store, data, allowed } = app, follow = [];
  store.on((s) => follow.forEach((f) => f(s)));

  const toggle = (key, text, title) => {
    const b = el('button', { id: `do-${key}`, title, onclick: () => store.set({ [key]: !store.state[key] }) }, text);
    follow.push((s) => b.setAttribute('aria-pressed', String(Boolean(s[key]))));
    return b;
  };
  const select = (key, label, options, set = (value) => store.set({ [key]: value })) => {
    const e = el('select', { id: `choose-${key}`, onchange: () => set(options[e.selectedIndex].key) }, ...options.map((o) => el('option', {}, o.name)));
    follow.push((s) => { e.selectedIndex = options.findIndex((o) => o.key === s[key]); });
    return el('label', {}, el('span', {}, label), e);
  };
  const slider = (key, label, min, max, step) => {
    const e = el('input', { type: 'range', id: `choose-${key}`, min, max, step, oninput: () => store.set({ [key]: Number(e.value) }) });
    follow.push((s) => { e.value = s[key]; });
    return el('label', {}, el('span', {}, label), e);
  };
  const names = (list) => list.map((name) => ({ key: name, name }));
  const group = (...children) => el('div', { class: 'group' }, ...children);
  const plots = data.layouts.length > 0, out = [];

  out.push(new Search(app).element);
  if (plots) {
    const modes = [['pan', 'Move', 'Drag to move'], ['lasso', 'Lasso', 'Drag around points to select them (also: Shift and drag)'], ['box', 'Box', 'Drag a box to select points (also: Alt and drag)']];
    const buttons = modes.map(([key, text, title]) => {
      const b = el('button', { id: `mode-${key}`, title, onclick: () => store.set({ mode: key }) }, text);
      follow.push((s) => b.setAttribute('aria-pressed', String(s.mode === key)));
      return b;
    });
    out.push(el('div', { class: 'group joined', role: 'group', 'aria-label': 'What dragging does' }, ...buttons));
    out.push(group(el('button', { id: 'do-home', title: 'All in view (0)', onclick: () => app.home() }, 'Whole')));
  }
  if (data.layouts.length > 1) {
    out.push(group(select('layout', 'Layout', data.layouts.map((l, key) => ({ key, name: l.name }))), toggle('split', 'Side by side', 'Two layouts side by side (D)')));
  }
  if (data.judged) out.push(group(toggle('mistakes', 'Only mistakes', 'Only what the network was wrong about (W)')));
  if (plots) out.push(group(select('colour', 'Colour', app.colourings, (colour) => store.set({ colour, hidden: new Set() }))));
  if (plots && (data.sprites || data.maps.length)) out.push(group(toggle('gallery', 'Gallery', 'The images in rows instead of the plot (G)')));

  const more = el('details', { class: 'more-menu', id: 'more' }, el('summary', {}, 'More'));
  const panel = el('div', { class: 'menu' });
  more.append(panel);
  if (data.maps.length) {
    out.push(group(toggle('map', 'Maps', 'Heat maps over the images (M)'), slider('alpha', 'Opacity', 0, 1, 0.05)));
    if (app.mapChoices.length > 1) out.push(group(select('mapOf', 'Map of', app.mapChoices)));
    if (data.maps.length > 1) panel.append(select('method', 'Method', data.maps.map((m, key) => ({ key, name: m.name }))));
    panel.append(select('colormap', 'Map colours', names(allowed.colormap)), toggle('inColour', 'Image in colour', 'Under the map, the image in its colours instead of gray'));
  }
  if (plots && data.sprites) {
    panel.append(select('images', 'Images on the plot', [{ key: 'zoom', name: 'when zoomed in' }, { key: 'always', name: 'always' }, { key: 'off', name: 'off' }]), slider('imageSize', 'Image size', 16, 128, 4));
  }
  panel.append(select('palette', 'Palette', names(allowed.palette)));
  panel.append(select('theme', 'Theme', [{ key: 'system', name: 'as the system' }, { key: 'light', name: 'light' }, { key: 'dark', name: 'dark' }]));
  if (plots) panel.append(el('button', { id: 'save-png', onclick: async () => {
      const view = await picture(app);
      if (view) save(view, 'view.png', 'image/png');
    } }, 'Save the view (PNG)'));
  out.push(group(more, el('button', { id: 'do-help', title: 'Keys and gestures (?)', 'aria-label': 'Keys and gestures', onclick: help }, '?')));
  document.addEventListener('pointerdown', (e) => { if (!more.contains(e.target)) more.open = false; });
  return out;
}
