// What the points are coloured by.

const right = '#0072b2', wrong = '#d55e00', unknown = '#9a9a9a';

/** The choices: [{key, name}]. */
export function colourings(data) {
  const out = [];
  if (data.labels) out.push({ key: 'class', name: 'Class' });
  if (data.predictions) out.push({ key: 'prediction', name: 'Prediction' });
  if (data.judged) out.push({ key: 'correct', name: 'Right or wrong' });
  if (data.likeliest) out.push({ key: 'confidence', name: 'Confidence' });
  data.columns.forEach((c, k) => out.push({ key: `column-${k}`, name: c.name }));
  out.push({ key: 'none', name: 'Nothing' });
  return out;
}

function paletteColours(data, name, dark, series) {
  const p = data.meta.palettes.find((q) => q.name === name) ?? data.meta.palettes[0];
  const list = series > p.colours.length && p.more ? p.more : p.colours;
  return list.map((c) => (dark && c === '#000000' ? '#ffffff' : c));
}

/** A colouring by categories: names and colours, of: the category of each point, counts. */
function categories(n, names, colours, of) {
  const counts = new Int32Array(names.length);
  for (let i = 0; i < n; i++) counts[of[i]]++;
  return { kind: 'categories', names, colours, of, counts };
}

/** Makes a colouring by its key. */
export function colouring(data, key, palette, dark) {
  const { n } = data;
  const byClass = (source) => {
    const none = data.classes.length, of = new Int32Array(n);
    for (let i = 0; i < n; i++) of[i] = source[i] >= 0 ? source[i] : none;
    const cycle = paletteColours(data, palette, dark, none);
    const colours = data.classes.map((_, c) => cycle[c % cycle.length]);
    return categories(n, [...data.classes, 'unlabelled'], [...colours, unknown], of);
  };
  if (key === 'class') return byClass(data.labels);
  if (key === 'prediction') return byClass(data.predictions);
  if (key === 'correct') {
    const of = new Int32Array(n);
    for (let i = 0; i < n; i++) of[i] = data.labels[i] < 0 || data.predictions[i] < 0 ? 2 : Number(data.wrong(i));
    return categories(n, ['right', 'wrong', 'unknown'], [right, wrong, unknown], of);
  }
  if (key === 'confidence') {
    const values = new Float32Array(n);
    for (let i = 0; i < n; i++) values[i] = data.confidence(i);
    return { kind: 'number', values, lo: 0, hi: 1 };
  }
  const column = data.columns[Number(key.replace('column-', ''))];
  if (!column) return categories(n, ['points'], [dark ? '#56b4e9' : '#1f77b4'], new Int32Array(n));
  if (column.kind === 'text') {
    const cycle = paletteColours(data, palette, dark, column.values.length);
    return categories(n, column.values.map((v) => v || '(empty)'), column.values.map((_, c) => cycle[c % cycle.length]), column.of);
  }
  let lo = Infinity, hi = -Infinity;
  for (const v of column.of) if (Number.isFinite(v)) { lo = Math.min(lo, v); hi = Math.max(hi, v); }
  return { kind: 'number', values: column.of, lo, hi };
}

const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));

/** The colour of each point: n x RGB and an opacity. */
export function paint(colouring, n, opacity, table) {
  const out = new Uint8Array(4 * n), a = Math.round(255 * opacity);
  if (colouring.kind === 'categories') {
    const list = colouring.colours.map(rgb);
    for (let i = 0; i < n; i++) {
      const c = list[colouring.of[i]];
      out[4 * i] = c[0]; out[4 * i + 1] = c[1]; out[4 * i + 2] = c[2]; out[4 * i + 3] = a;
    }
    return out;
  }
  const { values, lo, hi } = colouring, none = rgb(unknown);
  for (let i = 0; i < n; i++) {
    const v = (values[i] - lo) / (hi - lo || 1);
    const level = 3 * Math.min(255, Math.max(0, Math.floor(v * 255)));
    for (let ch = 0; ch < 3; ch++) out[4 * i + ch] = Number.isFinite(v) ? table[level + ch] : none[ch];
    out[4 * i + 3] = a;
  }
  return out;
}
