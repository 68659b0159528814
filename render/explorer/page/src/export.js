// Files out of the page: the selection as text, the view as a picture.

/** A field of a CSV file (RFC 4180). */
const field = (v) => (/[",\r\n]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v);

/** Points as CSV. */
export function csv(data, points) {
  const { layouts, columns } = data;
  const axes = layouts.flatMap((l) => [`${l.name} x`, `${l.name} y`]);
  const lines = [['index', 'name', 'class', 'prediction', 'probability', ...axes, ...columns.map((c) => c.name)]];
  for (const i of points) {
    const label = data.label(i), p = data.prediction(i), sure = data.confidence(i);
    lines.push([
      String(i), data.name(i), label >= 0 ? data.className(label) : '', p >= 0 ? data.className(p) : '', Number.isFinite(sure) ? String(sure) : '',
      ...layouts.flatMap((l) => [String(l.at[2 * i]), String(l.at[2 * i + 1])]),
      ...columns.map((c) => (c.kind === 'text' ? c.values[c.of[i]] : String(c.of[i]))),
    ]);
  }
  return lines.map((line) => line.map(field).join(',') + '\r\n').join('');
}

/** Points as their indices, one a line. */
export const indices = (points) => Array.from(points, (i) => `${i}\n`).join('');

/** Offers a file to the user. */
export function save(content, name, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const a = document.createElement('a');
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}

/** The panes as they are, with the legend, as a PNG; null where none is shown. */
export async function picture(app) {
  if (app.store.state.gallery || !app.plots.some((p) => p.dpr)) return null;
  const plots = app.plots.filter((p) => p.element.isConnected), style = getComputedStyle(document.body);
  const dpr = plots[0].dpr, { colouring } = app.derived, legend = colouring.kind === 'categories' && colouring.names.length > 1;
  const height = Math.max(...plots.map((p) => p.gl.height)), room = legend ? 190 * dpr : 0;
  const canvas = document.createElement('canvas');
  canvas.width = plots.reduce((sum, p) => sum + p.gl.width, 0) + room;
  canvas.height = height;
  const c = canvas.getContext('2d');
  c.fillStyle = style.backgroundColor;
  c.fillRect(0, 0, canvas.width, height);
  let x = 0;
  for (const p of plots) {
    p.still = true;
    p.frame(performance.now()); // what WebGL drew is there until the next frame alone
    c.drawImage(p.gl, x, 0);
    c.drawImage(p.over, x, 0);
    x += p.gl.width;
  }
  c.font = `${14 * dpr}px ${style.fontFamily}`;
  c.textBaseline = 'middle';
  let y = 24 * dpr;
  colouring.names?.forEach((name, k) => {
    if (!legend || !colouring.counts[k] || app.store.state.hidden.has(k) || y > height - 10 * dpr) return;
    c.fillStyle = colouring.colours[k];
    c.beginPath();
    c.arc(x + 14 * dpr, y, 5 * dpr, 0, 2 * Math.PI);
    c.fill();
    c.fillStyle = style.color;
    c.fillText(name, x + 26 * dpr, y, room - 34 * dpr);
    y += 22 * dpr;
  });
  return new Promise((done) => { canvas.toBlob(done, 'image/png'); });
}
