// Points in a polygon.

/** Whether a point lies in a polygon [x0, y0, x1, y1, ...], by the even-odd rule. */
export function inside(polygon, x, y) {
  let odd = false;
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    const xi = polygon[i], yi = polygon[i + 1], xj = polygon[j], yj = polygon[j + 1];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

/** The box around a polygon: [x0, y0, x1, y1]. */
export function bounds(polygon) {
  const b = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < polygon.length; i += 2) {
    b[0] = Math.min(b[0], polygon[i]); b[1] = Math.min(b[1], polygon[i + 1]);
    b[2] = Math.max(b[2], polygon[i]); b[3] = Math.max(b[3], polygon[i + 1]);
  }
  return b;
}
