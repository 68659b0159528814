// Heat maps over images, to the byte what the Go package render draws.

const fround = Math.fround;

function roundToEven(v) {
  const f = Math.floor(v), d = v - f;
  if (d !== 0.5) return Math.round(v);
  return f % 2 === 0 ? f : f + 1;
}

const fixed = (v) => roundToEven(fround(v * 2048)); // in 1/2048

/** Where output coordinate d falls in the source: an index and a fraction. */
function position(d, size, out) {
  const scale = 1 / (out / size);
  const at = fround((d + 0.5) * scale - 0.5);
  const i = Math.floor(at);
  return [i, fround(at - i)];
}

const clamp = (v, lo, hi) => Math.min(Math.max(v, lo), hi);

function columnTaps(size, out) {
  return Array.from({ length: out }, (_, d) => {
    let [i, f] = position(d, size, out);
    if (i < 0 || i >= size - 1) [i, f] = [clamp(i, 0, size - 1), 0];
    return [i, Math.min(i + 1, size - 1), fixed(fround(1 - f)), fixed(f)];
  });
}

function rowTaps(size, out) {
  return Array.from({ length: out }, (_, d) => {
    const [i, f] = position(d, size, out);
    return [clamp(i, 0, size - 1), clamp(i + 1, 0, size - 1), fixed(fround(1 - f)), fixed(f)];
  });
}

/** render.Resize: 8-bit bilinear scaling in OpenCV's fixed point. */
export function resize(src, w, h, outW, outH) {
  const out = new Uint8ClampedArray(outW * outH);
  const columns = columnTaps(w, outW), rows = rowTaps(h, outH), scaled = new Map();
  const row = (y) => {
    let r = scaled.get(y);
    if (!r) {
      r = new Int32Array(outW);
      for (let x = 0; x < outW; x++) {
        const [i0, i1, w0, w1] = columns[x];
        r[x] = src[y * w + i0] * w0 + src[y * w + i1] * w1;
      }
      scaled.set(y, r);
    }
    return r;
  };
  rows.forEach(([i0, i1, w0, w1], y) => {
    const a = row(i0), b = row(i1);
    for (let x = 0; x < outW; x++) {
      out[y * outW + x] = (((w0 * (a[x] >> 4)) >> 16) + ((w1 * (b[x] >> 4)) >> 16) + 2) >> 2;
    }
  });
  return out;
}

/** render.Overlay: a heat map over the gray of an image, or with colour over the image.
 * rgba is changed in place. */
export function overlay(rgba, heat, table, alpha, colour = false) {
  const a = Math.floor(alpha * 255), divisor = a === 255 ? 65280 : 65280 + a, below = 65280 - 255 * a;
  for (let i = 0; i < heat.length; i++) {
    const p = 4 * i, c = 3 * heat[i];
    // render.GrayOf
    const gray = (19595 * rgba[p] + 38470 * rgba[p + 1] + 7471 * rgba[p + 2] + 32768) >> 16;
    for (let ch = 0; ch < 3; ch++) {
      const under = colour ? rgba[p + ch] : gray;
      rgba[p + ch] = Math.floor((256 * table[c + ch] * a + under * below) / divisor);
    }
    rgba[p + 3] = 255;
  }
  return rgba;
}

/** cam.Map.Bytes: the levels of a map of numbers. */
export function levels(values) {
  const v = Float32Array.from(values), out = new Uint8Array(v.length);
  let lo = Infinity, hi = -Infinity;
  for (const x of v) {
    if (!Number.isFinite(x)) return out;
    lo = Math.min(lo, x); hi = Math.max(hi, x);
  }
  const span = fround(hi - lo);
  if (span === 0 || !Number.isFinite(span)) return out;
  v.forEach((x, i) => { out[i] = Math.trunc(fround(fround(fround(x - lo) / span) * 255)); });
  return out;
}
