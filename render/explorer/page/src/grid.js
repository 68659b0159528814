// Points of a layout sorted into the cells of a grid, to find those in a box quickly.

export class Grid {
  /** at holds x and y of each point in turn, from -1 to 1. */
  constructor(at) {
    const n = at.length / 2;
    this.at = at;
    this.side = Math.max(1, Math.min(1024, Math.ceil(Math.sqrt(n / 4))));
    this.start = new Int32Array(this.side * this.side + 1);
    this.items = new Int32Array(n);
    const cell = new Int32Array(n);
    for (let i = 0; i < n; i++) {
      cell[i] = this.column(at[2 * i]) + this.side * this.column(at[2 * i + 1]);
      this.start[cell[i] + 1]++;
    }
    for (let c = 0; c < this.side * this.side; c++) this.start[c + 1] += this.start[c];
    const next = this.start.slice();
    for (let i = 0; i < n; i++) this.items[next[cell[i]]++] = i;
  }

  column(v) { return Math.min(this.side - 1, Math.max(0, Math.floor(((v + 1) / 2) * this.side))); }

  /** Calls f with each point in a box; f returns true to stop. */
  each(x0, y0, x1, y1, f) {
    const { at, side, start, items } = this;
    for (let row = this.column(y0); row <= this.column(y1); row++) {
      for (let column = this.column(x0); column <= this.column(x1); column++) {
        for (let k = start[row * side + column]; k < start[row * side + column + 1]; k++) {
          const i = items[k], x = at[2 * i], y = at[2 * i + 1];
          if (x >= x0 && x <= x1 && y >= y0 && y <= y1 && f(i) === true) return;
        }
      }
    }
  }

  /** The nearest point within a radius for which keep is true; -1 where there is none. */
  nearest(x, y, radius, keep) {
    let best = -1, least = radius * radius;
    this.each(x - radius, y - radius, x + radius, y + radius, (i) => {
      const dx = this.at[2 * i] - x, dy = this.at[2 * i + 1] - y, d = dx * dx + dy * dy;
      if (d <= least && keep(i)) [best, least] = [i, d];
    });
    return best;
  }
}
