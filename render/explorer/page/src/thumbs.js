// Images on the plot, at points that lie far enough apart.

/** Which of the points in view get an image: greedily, whatever does not overlap what has
 * one already. Points that had one keep it, so that nothing flickers. */
export function placeThumbs(points, toScreen, side, before, most) {
  const cells = new Map(), out = [];
  const taken = (px, py) => {
    const cx = Math.floor(px / side), cy = Math.floor(py / side);
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) {
        const other = cells.get(`${cx + dx},${cy + dy}`);
        if (other && Math.abs(other[0] - px) < side && Math.abs(other[1] - py) < side) return true;
      }
    }
    cells.set(`${cx},${cy}`, [px, py]);
    return false;
  };
  for (const i of [...points].sort((a, b) => before.has(b) - before.has(a) || a - b)) {
    if (out.length >= most) break;
    const [px, py] = toScreen(i);
    if (!taken(px, py)) out.push({ i, px, py });
  }
  return out;
}
