// Where the plane of a layout lies on the screen.

export class Camera {
  constructor() {
    this.x = 0; this.y = 0; // the middle of the view, in the layout's -1 to 1
    this.k = 1; // how much larger than the whole
    this.width = 1; this.height = 1; // of the view in CSS pixels
  }

  /** CSS pixels of a unit. */
  get unit() { return this.k * 0.45 * Math.max(1, Math.min(this.width, this.height)); }

  toScreen(x, y) { return [this.width / 2 + (x - this.x) * this.unit, this.height / 2 - (y - this.y) * this.unit]; }
  toPlane(px, py) { return [this.x + (px - this.width / 2) / this.unit, this.y - (py - this.height / 2) / this.unit]; }

  pan(dx, dy) { this.x -= dx / this.unit; this.y += dy / this.unit; this.hold(); }

  /** Zooms by a factor with the point under (px, py) staying there. */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toPlane(px, py);
    this.k = Math.min(1e5, Math.max(0.5, this.k * factor));
    const [sx, sy] = this.toScreen(x, y);
    this.pan(px - sx, py - sy);
  }

  /** Keeps something of the layout in view. */
  hold() {
    this.x = Math.min(1.2, Math.max(-1.2, this.x));
    this.y = Math.min(1.2, Math.max(-1.2, this.y));
  }

  /** The box of the plane in view: x0, y0, x1, y1. */
  box() {
    const [x0, y1] = this.toPlane(0, 0), [x1, y0] = this.toPlane(this.width, this.height);
    return [x0, y0, x1, y1];
  }
}
