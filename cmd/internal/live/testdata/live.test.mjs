// The program of the page under Node, in a worker as the page has it. TestNode of package
// live writes the folder that this runs in: page/ with the page's side, blocks/, and
// cases.json with images and what the library says of them natively.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { startLive } from './page/live.js';
import { serve } from './page/worker.js';

const cases = JSON.parse(readFileSync('cases.json', 'utf8'));
const stored = (name) => {
  try {
    return new Uint8Array(readFileSync(`blocks/${name}`));
  } catch {
    return null;
  }
};
const blocks = { get: async (name) => stored(name) };
const pixels = (c) => new Uint8Array(Buffer.from(c.RGBA, 'base64'));

/** A worker of Node with the globals of a browser's, and its source. */
function start(exec) {
  const shim = `
    const { parentPort } = require('node:worker_threads');
    globalThis.postMessage = (m) => parentPort.postMessage(m);
    parentPort.on('message', (data) => globalThis.onmessage({ data }));
  `;
  const thread = new Worker(`${shim}\n${exec}\n;(${serve})(globalThis);`, { eval: true });
  const worker = { postMessage: (m, transfer) => thread.postMessage(m, transfer) };
  thread.on('message', (data) => worker.onmessage({ data }));
  thread.on('error', (e) => worker.onerror(e));
  started.push(thread);
  return worker;
}
const started = [];
test.afterEach(() => Promise.all(started.splice(0).map((t) => t.terminate())));

/** The page's side of the seam, which notes what it is told. */
function page() {
  const ui = { points: [], words: [], errors: [] };
  ui.addPoint = (p) => ui.points.push(p);
  ui.status = (words, isError) => ui[isError ? 'errors' : 'words'].push(words);
  ui.onDrop = (f) => (ui.drop = f);
  ui.onPaste = (f) => (ui.paste = f);
  ui.onCamera = (f) => (ui.camera = f);
  return ui;
}

const read = async (image) => {
  if (!image.RGBA) throw new Error('this is no image that the browser can read');
  return { pixels: pixels(image), width: image.Width, height: image.Height };
};

const largest = (values) => Math.max(...values.map(Math.abs));

function near(got, want, bound, what) {
  assert.equal(got.length, want.length, what);
  want.forEach((v, i) => assert.ok(Math.abs(got[i] - v) <= bound, `${what}: ${got[i]} at ${i}, want ${v}`));
}

test('numbers are those of the library natively', async (t) => {
  const ui = page();
  const live = await startLive(blocks, ui, { start, read });
  assert.deepEqual(ui.errors, []);
  assert.deepEqual(live.classes, cases.Classes);
  assert.ok(ui.words.some((w) => w.includes('compiling')) && ui.words.at(-1).startsWith('Ready'), ui.words.join('\n'));
  let seconds = 0;
  let furthest = 0;
  let map = 0;
  for (const c of cases.Images) {
    await live.explain(c, 'case');
    assert.deepEqual(ui.errors, []);
    const p = ui.points.at(-1);
    seconds += p.seconds;
    assert.equal(p.predicted, c.Class);
    assert.equal(p.className, cases.Classes[c.Class]);
    near(p.probabilities, c.Probabilities, 1e-6, 'probabilities');
    assert.equal(p.map.class, c.Class);
    assert.deepEqual([p.map.width, p.map.height], [c.MapWidth, c.MapHeight]);
    near(p.map.values, c.Values, 5e-6 * largest(c.Values), 'map');
    near(p.map.levels, [...Buffer.from(c.Levels, 'base64')], 1, 'levels');
    assert.deepEqual(Object.keys(p.places), ['t-SNE', 'PCA']);
    near(p.places.PCA, c.Places.PCA, 1e-5, 'PCA');
    near(p.places['t-SNE'], c.Places['t-SNE'], 1e-2 * cases.Spread, 't-SNE');
    assert.deepEqual([p.x, p.y], p.places['t-SNE']);
    assert.deepEqual(p.neighbours, c.Neighbours);
    const other = await p.mapOf(2);
    assert.equal(other.class, 2);
    near(other.values, c.Values2, 5e-6 * largest(c.Values2), 'map of another class');
    const { logits, input } = await explained(c);
    near(logits, c.Logits, 1e-6 * largest(c.Logits), 'logits');
    c.Logits.forEach((v, i) => (furthest = Math.max(furthest, Math.abs(logits[i] - v) / largest(c.Logits))));
    c.Values.forEach((v, i) => (map = Math.max(map, Math.abs(p.map.values[i] - v) / largest(c.Values))));
    assert.deepEqual(Buffer.from(input.pixels).toString('base64'), c.Input, 'the image as the network saw it');
  }
  t.diagnostic(`${((1000 * seconds) / cases.Images.length).toFixed(0)} ms an image; logits within ${furthest.toExponential(1)} of the native ones' largest, maps ${map.toExponential(1)}`);
});

/** What the worker itself says of an image. */
let direct;
async function explained(c) {
  direct ??= (async () => {
    const worker = start(new TextDecoder().decode(stored('live-exec')));
    const answers = new Map();
    worker.onmessage = ({ data: { id, result, error } }) => {
      if (result || error) answers.get(id)(result ?? { error });
    };
    let id = 0;
    const ask = (question) => new Promise((resolve) => (answers.set(++id, resolve), worker.postMessage({ id, ...question })));
    const files = { wasm: stored('live-wasm'), network: stored('live-network'), space: null };
    assert.equal((await ask({ load: files })).error, undefined);
    return ask;
  })();
  return (await direct)({ explain: { pixels: pixels(c), width: c.Width, height: c.Height } });
}

test('one image that cannot be read does not stop the others', async () => {
  const ui = page();
  await startLive(blocks, ui, { start, read });
  const [good] = cases.Images;
  await ui.drop([{ name: 'notes.txt' }, { ...good, name: 'good.png' }]);
  assert.deepEqual(ui.errors, ['notes.txt: this is no image that the browser can read']);
  assert.equal(ui.points.length, 1);
  assert.equal(ui.points[0].name, 'good.png');
  await ui.paste(good);
  assert.equal(ui.points[1].name, 'pasted image');
  await ui.camera(good);
  assert.equal(ui.points[2].name, 'photograph');
  await ui.drop({ ...good, Height: good.Height + 1, name: 'short' });
  assert.match(ui.errors[1], /^short: \d+ bytes for/);
  await assert.rejects(ui.points[0].mapOf(99), /class 99/);
  await ui.drop(good);
  assert.equal(ui.points.length, 4, 'it goes on after errors');
});

test('what cannot be started is shown', async () => {
  const broken = { ...blocks };
  for (const [name, replaced, words] of [
    ['live-network', new Uint8Array([1, 2, 3]), /could not be started: network: /],
    ['live-wasm', new Uint8Array([0, 0x61, 0x73, 0x6d, 9, 9, 9, 9]), /could not be started: .*WebAssembly/],
    ['live-wasm', null, /no program/],
    ['live-layout', new Uint8Array([1, 2, 3]), /could not be started: layout: /],
    ['live-exec', new TextEncoder().encode('throw new Error("no worker")'), /no worker/],
  ]) {
    broken.get = async (asked) => (asked === name ? replaced : stored(asked));
    const ui = page();
    assert.equal(await startLive(broken, ui, { start, read }), null);
    assert.equal(ui.errors.length, 1);
    assert.match(ui.errors[0], words);
    assert.equal(ui.drop, undefined);
  }
});

test('without a layout images have no place', async () => {
  const ui = page();
  const none = { get: async (name) => (name === 'live-layout' ? null : stored(name)) };
  await startLive(none, ui, { start, read });
  await ui.drop(cases.Images[0]);
  assert.deepEqual(ui.errors, []);
  const [p] = ui.points;
  assert.deepEqual([p.x, p.y, p.places, p.neighbours], [undefined, undefined, {}, []]);
});
