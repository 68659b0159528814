// The binary blocks of the file: base64, perhaps of gzip.

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text);
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
}

/** The bytes of a block as an ArrayBuffer. The text is let go: it is read once. */
export async function bytes(name) {
  const element = document.getElementById(`block-${name}`);
  if (!element) throw new Error(`no block ${name}`);
  const raw = fromBase64(element.textContent);
  const packed = element.dataset.pack === 'gzip';
  element.remove();
  if (!packed) return raw.buffer;
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}

/** A block as a typed array. */
export async function numbers(name, Type) {
  return new Type(await bytes(name));
}

/** A block that holds numbers as all their first bytes, all their second and so on, as a typed
 * array. */
export async function planes(name, Type) {
  const width = Type.BYTES_PER_ELEMENT;
  const raw = new Uint8Array(await bytes(name)), out = new Uint8Array(raw.length), n = raw.length / width;
  for (let k = 0; k < width; k++) for (let i = 0; i < n; i++) out[width * i + k] = raw[k * n + i];
  return new Type(out.buffer);
}

/** A block as JSON. */
export async function json(name) {
  return JSON.parse(new TextDecoder().decode(await bytes(name)));
}
