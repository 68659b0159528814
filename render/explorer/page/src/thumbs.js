// Images on the plot, at points that lie far enough apart.

/** Which of the points in view get an image: greedily, those of the largest rank first,
 * whatever does not overlap what has one already. (Points that had one rank above others,
 * so that nothing flickers.) */
export function placeThumbs(points, toScreen, side, rank, most) {
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
  for (const [i] of points.map((i) => [i, rank(i)]).sort((a, b) => b[1] - a[1] || a[0] - b[0])) {
    if (out.length >= most) break;
    const [px, py] = toScreen(i);
    if (!taken(px, py)) out.push({ i, px, py });
  }
  return out;
}
