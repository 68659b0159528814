// The maps of a method: coarse levels of some classes for each point.
import { numbers } from './blocks.js';

export class Maps {
  static async load(meta, n) {
    const m = new Maps();
    m.name = meta.name;
    m.mapped = await numbers(meta.classes, Int32Array);
    m.sizes = await numbers(meta.sizes, Int32Array); // width, height
    m.levels = await numbers(meta.levels, Uint8Array);
    const counts = await numbers(meta.counts, Int32Array);
    m.first = new Int32Array(n + 1); // the first map of each point
    m.most = 0; // maps of a point
    for (let i = 0; i < n; i++) {
      m.first[i + 1] = m.first[i] + counts[i];
      m.most = Math.max(m.most, counts[i]);
    }
    m.offset = new Float64Array(m.mapped.length + 1);
    for (let k = 0; k < m.mapped.length; k++) m.offset[k + 1] = m.offset[k] + m.sizes[2 * k] * m.sizes[2 * k + 1];
    return m;
  }

  /** The classes that a point has maps of. */
  classes(i) { return Array.from(this.mapped.subarray(this.first[i], this.first[i + 1])); }

  /** A point's map of a class that it has one of. */
  of(i, c) {
    const k = this.mapped.indexOf(c, this.first[i]);
    return { class: c, width: this.sizes[2 * k], height: this.sizes[2 * k + 1], levels: this.levels.subarray(this.offset[k], this.offset[k + 1]) };
  }
}
