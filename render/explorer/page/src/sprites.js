// Images from the sprite sheets, which are decoded when they are first looked at.
import { bytes, numbers } from './blocks.js';

/** Sheets that are kept decoded, 16 MB each. */
export const kept = 16;

export class Sprites {
  static async load(meta) {
    const s = new Sprites();
    s.type = meta.type;
    s.sheets = meta.sheets;
    s.sizes = await numbers(meta.sizes, Uint16Array);
    s.files = new Map(); // sheet -> its Blob
    s.decoded = new Map(); // sheet -> a promise of its ImageBitmap; in the order of use
    s.ready = new Map(); // sheet -> its ImageBitmap
    s.asked = new Set(); // sheets that are being decoded to be drawn
    s.scratch = document.createElement('canvas');
    s.context = s.scratch.getContext('2d', { willReadFrequently: true });
    return s;
  }

  sheetOf(i) {
    let lo = 0, hi = this.sheets.length - 1;
    while (lo < hi) {
      const mid = (lo + hi + 1) >> 1;
      if (this.sheets[mid].first <= i) lo = mid; else hi = mid - 1;
    }
    return lo;
  }

  size(i) { return [this.sizes[2 * i], this.sizes[2 * i + 1]]; }

  /** Where an image is: sheet, x, y, width and height; null where there is none. */
  place(i) {
    const [w, h] = this.size(i);
    if (!w) return null;
    const k = this.sheetOf(i), { first, pitch, columns } = this.sheets[k], j = i - first;
    return { sheet: k, x: (j % columns) * pitch, y: Math.floor(j / columns) * pitch, w, h };
  }

  bitmap(k) {
    let b = this.decoded.get(k);
    if (b) this.decoded.delete(k); // to the end of the order
    else b = this.decode(k);
    this.decoded.set(k, b);
    if (this.decoded.size > kept) {
      const [oldest] = this.decoded.keys();
      this.decoded.delete(oldest);
      this.ready.delete(oldest);
    }
    return b;
  }

  async decode(k) {
    if (!this.files.has(k)) this.files.set(k, bytes(this.sheets[k].block).then((raw) => new Blob([raw], { type: this.type })));
    const b = await createImageBitmap(await this.files.get(k), { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
    if (this.decoded.has(k)) this.ready.set(k, b);
    return b;
  }

  /** The pixels of an image, or null where there is none. */
  async pixels(i) {
    const p = this.place(i);
    if (!p) return null;
    const b = await this.bitmap(p.sheet);
    this.scratch.width = p.w;
    this.scratch.height = p.h;
    this.context.drawImage(b, p.x, p.y, p.w, p.h, 0, 0, p.w, p.h);
    return this.context.getImageData(0, 0, p.w, p.h);
  }

  /** Draws an image if its sheet is there; otherwise asks for it and calls later. */
  draw(context, i, x, y, w, h, later) {
    const p = this.place(i);
    if (!p) return false;
    const b = this.ready.get(p.sheet);
    if (!b) {
      if (this.asked.has(p.sheet)) return false;
      this.asked.add(p.sheet);
      this.bitmap(p.sheet).then(later).finally(() => this.asked.delete(p.sheet));
      return false;
    }
    this.bitmap(p.sheet); // the latest in use
    context.drawImage(b, p.x, p.y, p.w, p.h, x, y, w, h);
    return true;
  }
}
