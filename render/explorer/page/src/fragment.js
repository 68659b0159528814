// The state in the URL's fragment, so that a view can be shared.

// A selection of more runs of consecutive indices than this is not kept.
const mostRuns = 2000;

// What has a value of several, and what is on or off.
const chosen = ['layout', 'colour', 'method', 'mapOf', 'colormap', 'palette', 'images', 'mode', 'theme'];
const switched = ['split', 'mistakes', 'map', 'gallery', 'allClasses', 'inColour'];

/** Indices, ascending, as runs: 3-7.9 in base 36. */
export function packIndices(indices) {
  const runs = [];
  for (let i = 0; i < indices.length;) {
    let j = i;
    while (j + 1 < indices.length && indices[j + 1] === indices[j] + 1) j++;
    runs.push(j > i ? `${indices[i].toString(36)}-${indices[j].toString(36)}` : indices[i].toString(36));
    i = j + 1;
  }
  return runs.length > mostRuns ? '' : runs.join('.');
}

/** The indices below n of packIndices; what is none is left out. */
export function unpackIndices(text, n) {
  const out = [];
  for (const run of text.split('.').slice(0, mostRuns)) {
    const [a, b = a] = run.split('-').map((t) => (/^[0-9a-z]+$/.test(t) ? parseInt(t, 36) : NaN));
    if (!(a >= 0 && b >= a)) continue;
    for (let i = a; i <= Math.min(b, n - 1); i++) out.push(i);
  }
  return [...new Set(out)].sort((a, b) => a - b);
}

/** The fragment of a state: only what is not as it was at first. */
export function toFragment(s, first) {
  const f = new URLSearchParams();
  for (const key of [...chosen, 'imageSize', 'pinned']) {
    if (s[key] !== first[key]) f.set(key, s[key]);
  }
  for (const key of switched) {
    if (s[key] !== first[key]) f.set(key, s[key] ? '1' : '0');
  }
  if (s.alpha !== first.alpha) f.set('alpha', s.alpha.toFixed(2));
  if (s.hidden.size) f.set('hidden', packIndices([...s.hidden].sort((a, b) => a - b)));
  if (s.selection.length) {
    const packed = packIndices(s.selection);
    if (packed) f.set('selection', packed);
  }
  const v = s.view;
  if (v.k !== 1 || v.x !== 0 || v.y !== 0) f.set('view', [v.x, v.y, v.k].map((t) => Number(t.toPrecision(6))).join(','));
  return f.toString();
}

/** What a fragment changes of the first state. allowed has the values of choices, n is the
 * number of points. Anything else is left as it was. */
export function fromFragment(text, first, allowed, n) {
  const f = new URLSearchParams(text), s = {};
  for (const key of chosen) {
    const value = allowed[key].find((v) => String(v) === f.get(key));
    s[key] = value ?? first[key];
  }
  for (const key of switched) s[key] = f.has(key) ? f.get(key) === '1' : first[key];
  if (allowed.layout.length < 2) s.split = false;
  const number = (v, lo, hi, other) => (v !== null && v !== '' && v >= lo && v <= hi ? Number(v) : other);
  s.alpha = number(f.get('alpha'), 0, 1, first.alpha);
  s.imageSize = number(f.get('imageSize'), 16, 128, first.imageSize);
  s.pinned = Math.trunc(number(f.get('pinned'), 0, n - 1, -1));
  s.hidden = new Set(unpackIndices(f.get('hidden') ?? '', 1e6));
  s.selection = Int32Array.from(unpackIndices(f.get('selection') ?? '', n));
  const [x, y, k] = (f.get('view') ?? '').split(',').map(Number);
  s.view = Math.abs(x) <= 10 && Math.abs(y) <= 10 && k >= 0.1 && k <= 1e6 ? { x, y, k } : { x: 0, y: 0, k: 1 };
  return s;
}
