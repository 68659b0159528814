// New images in the page: dropped, pasted or taken by the camera, they get their classes,
// their map and their place among the points from the network in the page itself. Nothing
// leaves the machine: the network runs in a worker made of blocks of the file.
//
// Blocks (cmd/internal/live makes them): live-wasm, the program; live-exec, Go's
// wasm_exec.js with the licences; live-network, the weights; live-layout, what places
// images, where there is something to place them in. The page's Content-Security-Policy
// needs script-src 'wasm-unsafe-eval' and worker-src blob:, for pictures img-src blob:.

import { serve } from './worker.js';

/**
 * Starts the worker and takes images from then on.
 *
 * blocks.get(name) promises a Uint8Array, or null or undefined where there is none.
 * ui.status(words, isError) shows what is being done. ui.onDrop(fn), ui.onPaste(fn) and
 * ui.onCamera(fn) keep functions to be called with images: a File, a Blob, or whatever else
 * createImageBitmap takes, or several in an array. ui.addPoint(point) is called for each:
 *
 *   x, y           its place in the first layout, or undefined; places: {name of layout: [x, y, ...]}
 *   name           of the file, or what it came by
 *   image          ImageBitmap of what the network saw; original: of the whole image, where the
 *                  browser read it
 *   className      the predicted class; predicted: its number
 *   probabilities  by class
 *   map            {class, name, method, width, height, values, levels}: coarse; levels, 0 to
 *                  255, are what is drawn
 *   neighbours     the nearest points by features, nearest first
 *   mapOf(class)   promises the map of another class
 *   seconds        that the network took
 *
 * The promise is of {about, classes, explain(images)}. It does not fail: what goes wrong is
 * shown, and it gives null.
 */
export async function startLive(blocks, ui, { start = startWorker, read = pixelsOf } = {}) {
  const say = (words) => ui.status(words, false);
  const fail = (words) => ui.status(words, true);
  let network;
  try {
    network = await loadNetwork(blocks, say, start);
  } catch (e) {
    fail(`The network could not be started: ${e.message}`);
    return null;
  }
  const ready = `Ready: ${network.about}. Drop or paste an image; it stays on this machine.`;
  say(ready);

  let queue = Promise.resolve();
  function explain(images, from) {
    const list = Array.isArray(images) ? images : [images];
    list.forEach((image, i) => {
      queue = queue.then(async () => {
        const name = image?.name || from;
        try {
          say(`${name}: looking at it${list.length > 1 ? ` (${i + 1} of ${list.length})` : ''} ...`);
          const point = await pointOf(image, name, network, read);
          point.mapOf = told(name, point.mapOf, network.classes, ui);
          ui.addPoint(point);
          const percent = Math.round(100 * point.probabilities[point.predicted]);
          say(`${name}: ${point.className}, ${percent}% (${point.seconds.toFixed(1)} s)`);
        } catch (e) {
          fail(`${name}: ${e.message}`);
        }
      });
    });
    return queue;
  }
  ui.onDrop((images) => explain(images, 'dropped image'));
  ui.onPaste((images) => explain(images, 'pasted image'));
  ui.onCamera((images) => explain(images, 'photograph'));
  return { about: network.about, classes: network.classes, explain };
}

/** mapOf of a point, which says what it is doing. */
function told(name, mapOf, classes, ui) {
  return async (of) => {
    ui.status(`${name}: mapping ${classes[of]} ...`, false);
    try {
      const map = await mapOf(of);
      ui.status(`${name}: the map of ${classes[of]}`, false);
      return map;
    } catch (e) {
      ui.status(`${name}: ${e.message}`, true);
      throw e;
    }
  };
}

/** Asks the network about an image. */
async function pointOf(image, name, network, read) {
  const began = performance.now();
  const { result, original } = await askOf(image, -1, network, read);
  const seconds = (performance.now() - began) / 1000;
  const probabilities = new Array(network.classes.length).fill(0);
  for (const p of result.predictions) probabilities[p.class] = p.probability;
  const places = Object.fromEntries(result.places.map((p) => [p.layout, p.at]));
  const [x, y] = result.places[0]?.at ?? [];
  return {
    x, y, places, name, probabilities, seconds,
    image: await bitmapOf(result.input),
    original,
    className: result.predictions[0]?.name ?? '', // none of a network without a last layer
    predicted: result.predictions[0]?.class ?? -1,
    map: result.map,
    neighbours: result.neighbours,
    mapOf: async (of) => (await askOf(image, of, network, read)).result.map,
  };
}

/**
 * Asks the network about an image: of a file, the file itself, which our own decoders read as
 * the programs do; of what they do not read, and of what is no file, the browser's pixels.
 */
async function askOf(image, of, network, read) {
  if (typeof Blob !== 'undefined' && image instanceof Blob) {
    try {
      return { result: await network.explainFile(new Uint8Array(await image.arrayBuffer()), of), original: null };
    } catch { /* perhaps the browser can read it */ }
  }
  const picture = await read(image);
  return { result: await network.explain(picture, of), original: picture.original };
}

/** Starts the worker and gives it the program and the network. */
async function loadNetwork(blocks, say, start) {
  say('Starting the network: reading it from the page ...');
  const [exec, wasm, network, space] = await Promise.all(
    ['live-exec', 'live-wasm', 'live-network', 'live-layout'].map((name) => blocks.get(name)),
  );
  if (!exec || !wasm || !network) throw new Error('the page has no program or no network in it');
  const worker = start(new TextDecoder().decode(exec));

  let last = 0;
  const waiting = new Map();
  let dead = null;
  const die = (event) => {
    dead = new Error(event.message || 'the browser did not start the worker, or ended it');
    for (const { reject } of waiting.values()) reject(dead);
    waiting.clear();
  };
  worker.onerror = die;
  worker.onmessageerror = die;
  worker.onmessage = ({ data: { id, status, result, error } }) => {
    const call = waiting.get(id);
    if (!call) return;
    if (status !== undefined) return call.say?.(status);
    waiting.delete(id);
    if (error !== undefined) call.reject(new Error(error));
    else call.resolve(result);
  };
  const ask = (question, transfer, say) =>
    new Promise((resolve, reject) => {
      if (dead) return reject(dead);
      const id = ++last;
      waiting.set(id, { resolve, reject, say });
      worker.postMessage({ id, ...question }, transfer);
    });

  const parts = { wasm, network, space: space ?? null };
  const owned = [...new Set([wasm, network, space].filter(Boolean).map((b) => b.buffer))];
  const { about, classes } = await ask({ load: parts }, owned, (s) => say(`Starting the network: ${s} ...`));
  return {
    about,
    classes,
    explain: ({ pixels, width, height }, of) =>
      ask({ explain: { pixels, width, height, class: of } }, [pixels.buffer]),
    explainFile: (file, of) => ask({ explain: { file, class: of } }, [file.buffer]),
  };
}

/** A worker whose source is in the page: one from a file would not start from file://. */
function startWorker(exec) {
  const source = new Blob([exec, `\n;(${serve})(self);\n`], { type: 'text/javascript' });
  const url = URL.createObjectURL(source);
  const worker = new Worker(url, { name: 'network' });
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // it has been read by then
  return worker;
}

/** The pixels of an image as its file has them: no colours changed, alpha not multiplied in. */
async function pixelsOf(image) {
  let original;
  try {
    original = await createImageBitmap(image, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  } catch (e) {
    throw new Error('this is no image that the browser can read');
  }
  const { width, height } = original;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error(`an image of ${width} x ${height} pixels is too large for the browser`);
  context.drawImage(original, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  let pixels = new Uint8Array(data.buffer);
  if (isTranslucent(pixels)) pixels = straightPixels(original) ?? pixels;
  return { pixels, width, height, original };
}

function isTranslucent(pixels) {
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] !== 255) return true;
  return false;
}

/**
 * The pixels of a bitmap where alpha is below 255. A canvas multiplies it into the colours,
 * and what is clear comes back black; a texture keeps them. Null without WebGL.
 */
function straightPixels(original) {
  const { width, height } = original;
  const gl = document.createElement('canvas').getContext('webgl');
  if (!gl || Math.max(width, height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return null;
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, original);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, gl.getParameter(gl.TEXTURE_BINDING_2D), 0);
  const pixels = new Uint8Array(4 * width * height);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  const failed = gl.getError() !== gl.NO_ERROR;
  gl.getExtension('WEBGL_lose_context')?.loseContext(); // browsers allow few at a time
  return failed ? null : pixels;
}

/** R, G, B bytes as an ImageBitmap. */
async function bitmapOf({ width, height, pixels }) {
  if (typeof createImageBitmap === 'undefined') return null; // under Node
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0, j = 0; i < pixels.length; i += 3, j += 4) {
    rgba[j] = pixels[i];
    rgba[j + 1] = pixels[i + 1];
    rgba[j + 2] = pixels[i + 2];
  }
  return createImageBitmap(new ImageData(rgba, width, height));
}

/**
 * Opens the camera into a video element. shoot() promises the picture of the moment, for
 * the function that ui.onCamera was given; close() switches the camera off.
 */
export async function openCamera(video) {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error('the browser gives no camera to this page');
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
  } catch (e) {
    throw new Error(e.name === 'NotAllowedError' ? 'the camera was not allowed' : `no camera: ${e.message}`);
  }
  video.srcObject = stream;
  video.muted = video.playsInline = true;
  await video.play();
  return {
    shoot: () => createImageBitmap(video),
    close() {
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    },
  };
}
