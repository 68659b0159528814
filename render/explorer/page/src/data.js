// What the file holds, read from its blocks. render/explorer/meta.go is the other end.
import { bytes, json, numbers, planes } from './blocks.js';
import { Sprites } from './sprites.js';
import { Maps } from './maps.js';

/** What may stand for a class of which a map is wanted: that of the prediction (or whatever
 * comes first), and the true one. */
export const predicted = -1, truth = -2;

export class Data {
  static async load() {
    const d = new Data();
    const meta = JSON.parse(document.getElementById('meta').textContent);
    Object.assign(d, {
      meta, n: meta.points, classes: meta.classes, title: meta.title,
      extra: [], // points added while the page is open
    });
    const optional = (name, Type) => (name ? numbers(name, Type) : null);
    [d.labels, d.predictions, d.names] = await Promise.all([
      optional(meta.labels, Int32Array), optional(meta.predictions, Int32Array), meta.names ? json(meta.names) : null,
    ]);
    d.layouts = await Promise.all(meta.layouts.map(async (l) => ({ ...l, at: await planes(l.block, Float32Array) })));
    for (const l of d.layouts) normalise(l);
    d.columns = await Promise.all((meta.columns ?? []).map(async (c) => ({
      ...c, of: await (c.kind === 'number' ? planes(c.block, Float64Array) : numbers(c.block, Int32Array)),
    })));
    if (meta.likeliest) {
      const { count, classes, probabilities, labels } = meta.likeliest;
      d.likeliest = {
        count, classes: await numbers(classes, Int32Array), probabilities: await numbers(probabilities, Float32Array),
        labels: await optional(labels, Float32Array),
      };
    }
    if (meta.neighbours) {
      const { count, kind, block } = meta.neighbours;
      d.neighbours = { count, of: kind === 'uint16' ? await numbers(block, Uint16Array) : await planes(block, Uint32Array) };
    }
    const tables = new Uint8Array(await bytes('colormaps'));
    d.colormaps = Object.fromEntries(meta.colormaps.map((name, i) => [name, tables.subarray(768 * i, 768 * (i + 1))]));
    d.sprites = meta.sprites ? await Sprites.load(meta.sprites) : null;
    d.maps = await Promise.all((meta.maps ?? []).map((m) => Maps.load(m, d.n)));
    return d;
  }

  label(i) { return i < this.n ? this.labels?.[i] ?? -1 : -1; }
  prediction(i) { return i < this.n ? this.predictions?.[i] ?? -1 : this.extra[i - this.n].prediction; }
  className(c) { return c >= 0 ? this.classes[c] ?? `class ${c}` : 'unlabelled'; }
  name(i) { return i < this.n ? this.names?.[i] ?? '' : this.extra[i - this.n].className ?? ''; }

  /** Whether the network was wrong about a point, where both are known. */
  wrong(i) { const l = this.label(i), p = this.prediction(i); return l >= 0 && p >= 0 && l !== p; }
  /** Whether a right or wrong answer is known of any point. */
  get judged() { return Boolean(this.labels && this.predictions); }

  /** The likeliest classes of a point: [{c, p}], likeliest first. */
  guesses(i) {
    if (i >= this.n) return this.extra[i - this.n].guesses;
    if (!this.likeliest) return [];
    const { count, classes, probabilities } = this.likeliest, out = [];
    for (let j = i * count; j < (i + 1) * count; j++) if (classes[j] >= 0) out.push({ c: classes[j], p: probabilities[j] });
    return out;
  }

  /** The probability of the likeliest class; NaN where it is not known. */
  confidence(i) {
    if (i >= this.n) return this.extra[i - this.n].guesses[0]?.p ?? NaN;
    const t = this.likeliest;
    return t && t.classes[i * t.count] >= 0 ? t.probabilities[i * t.count] : NaN;
  }

  /** The probability of a class; NaN where it is not known. */
  probability(i, c) {
    if (i >= this.n) return this.extra[i - this.n].probabilities[c] ?? NaN;
    const guess = this.guesses(i).find((g) => g.c === c);
    if (guess) return guess.p;
    return this.likeliest?.labels && c === this.label(i) ? this.likeliest.labels[i] : NaN;
  }

  /** The points nearest in feature space, nearest first; null where that is not known. */
  nearest(i) {
    if (i >= this.n) return this.extra[i - this.n].neighbours ?? null;
    if (!this.neighbours) return null;
    const { count, of } = this.neighbours;
    return Array.from(of.subarray(i * count, (i + 1) * count)).filter((j) => j !== i);
  }

  /** Pixels of a point's image as ImageData, or null. */
  async pixels(i) {
    if (i >= this.n) return this.extra[i - this.n].pixels;
    return this.sprites?.pixels(i) ?? null;
  }

  /** The classes that there are maps of, first that which is shown at first. */
  mapped(i, method) {
    if (i < this.n) return this.maps[method]?.classes(i) ?? [];
    const { map, mapOf } = this.extra[i - this.n];
    if (!map) return [];
    return mapOf ? [map.class, ...this.classes.keys()].filter((c, k) => !k || c !== map.class) : [map.class];
  }

  /** Which class's map is meant where wanted is a class, predicted or truth: -2 where there
   * is no such map. (-1 is a map of no class.) */
  mappedClass(i, method, wanted) {
    const has = this.mapped(i, method), c = wanted === truth ? this.label(i) : wanted;
    if (!has.length) return -2;
    return wanted === predicted ? has[0] : c >= 0 && has.includes(c) ? c : -2;
  }

  /** The map of a point by a method, of a class, predicted or truth; null where there is
   * none. Of points that were added the network makes it, when it is first asked for. */
  async map(i, method, wanted) {
    const c = this.mappedClass(i, method, wanted);
    if (c === -2) return null;
    if (i < this.n) return this.maps[method].of(i, c);
    const e = this.extra[i - this.n];
    if (c === e.map.class) return e.map;
    e.made ??= new Map();
    if (!e.made.has(c)) {
      e.made.set(c, e.mapOf(c));
      e.made.get(c).catch(() => e.made.delete(c)); // so that it can be asked for again
    }
    return e.made.get(c);
  }
}

/** Scales a layout into -1 to 1, a unit as long across as up; y grows upwards. */
function normalise(l) {
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  for (let i = 0; i < l.at.length; i += 2) {
    x0 = Math.min(x0, l.at[i]); x1 = Math.max(x1, l.at[i]);
    y0 = Math.min(y0, l.at[i + 1]); y1 = Math.max(y1, l.at[i + 1]);
  }
  l.centre = [(x0 + x1) / 2, (y0 + y1) / 2];
  l.half = Math.max(x1 - x0, y1 - y0) / 2 || 1;
  l.unit = new Float32Array(l.at.length);
  for (let i = 0; i < l.at.length; i++) l.unit[i] = (l.at[i] - l.centre[i % 2]) / l.half;
}
