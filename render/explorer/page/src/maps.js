// The maps of a method: coarse levels of some classes for each point.
import { numbers } from './blocks.js';

export class Maps {
  static async load(meta, n) {
    const m = new Maps();
    m.name = meta.name;
    m.index = await numbers(meta.index, Int32Array); // point, class, width, height
    m.levels = await numbers(meta.levels, Uint8Array);
    m.first = new Int32Array(n + 1); // the first map of each point
    m.offset = new Float64Array(m.index.length / 4 + 1);
    for (let k = 0; k < m.index.length / 4; k++) {
      m.first[m.index[4 * k] + 1]++;
      m.offset[k + 1] = m.offset[k] + m.index[4 * k + 2] * m.index[4 * k + 3];
    }
    for (let i = 0; i < n; i++) m.first[i + 1] += m.first[i];
    return m;
  }

  /** The classes that a point has maps of. */
  classes(i) {
    const out = [];
    for (let k = this.first[i]; k < this.first[i + 1]; k++) out.push(this.index[4 * k + 1]);
    return out;
  }

  /** A point's map of a class, or its first. */
  of(i, wanted = -1) {
    let found = this.first[i];
    if (found === this.first[i + 1]) return null;
    for (let k = found; k < this.first[i + 1]; k++) if (this.index[4 * k + 1] === wanted) found = k;
    const [, c, width, height] = this.index.subarray(4 * found, 4 * found + 4);
    return { class: c, width, height, levels: this.levels.subarray(this.offset[found], this.offset[found + 1]) };
  }
}
