// The network in the page, in a browser: an image that is chosen there gets the classes and
// the map that cmd/cam gives the same file, and a place in the layout.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch, open, path } from './browser.mjs';

const root = new URL('../../../..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'live-'));
const file = (name) => join(folder, name);
const picture = join(folder, 'picture.jpg'); // which browsers decode in ways of their own
const go = (...args) => execFileSync('go', ['run', ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });

/** A JPEG file with subsampled colours, of the goldens. */
function jpeg() {
  const b = readFileSync(join(root, 'testdata/golden/jpeg.safetensors')), n = Number(b.readBigUInt64LE(0));
  const header = JSON.parse(b.subarray(8, 8 + n));
  const name = Object.keys(header).find((k) => k.startsWith('33x31 sampling 2x2') && k.endsWith(': file'));
  const [begin, end] = header[name].data_offsets;
  return b.subarray(8 + n + begin, 8 + n + end);
}

describe('an image that is chosen in the page', { skip: path ? false : 'no Chromium: set CHROMIUM, or apt-get install chromium' }, () => {
  let browser, want;
  before(async () => {
    writeFileSync(picture, jpeg());
    go('./cmd/cam', '-image', picture, '-weights', 'nn/pretrained/scenes.safetensors', '-out', file('cam.png'), '-json', file('cam.json'), '-html', file('cam.html'), '-live');
    go('./cmd/tsne', '-scenes', '60', '-perplexity', '5', '-out', file('t.png'), '-npy', '', '-csv', '', '-html', file('tsne.html'), '-live');
    want = JSON.parse(readFileSync(file('cam.json'), 'utf8')).images[0];
    browser = await launch();
  }, { timeout: 600000 });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Chooses the picture, and returns what the page has of it. */
  async function explained(name) {
    const page = await open(browser, file(name));
    await page.waitForFunction(() => /^Ready/.test(document.getElementById('live-status').textContent), null, { timeout: 300000 });
    await page.setInputFiles('#live-file', picture);
    await page.waitForFunction(() => window.glimpse.app.data.extra.length === 1, null, { timeout: 300000 });
    const got = await page.evaluate(() => {
      const { app } = window.glimpse, e = app.data.extra[0];
      return {
        guesses: e.guesses, className: e.className, unit: e.unit, pinned: app.store.state.pinned, n: app.data.n,
        map: { class: e.map.class, width: e.map.width, height: e.map.height, levels: [...e.map.levels] },
      };
    });
    assert.deepEqual(page.problems, []);
    await page.context().close();
    return got;
  }

  test('has the classes and the map of cmd/cam, which the page holds as well', async () => {
    const got = await explained('cam.html');
    assert.equal(got.className, want.predicted);
    assert.equal(got.pinned, got.n, 'it is not pinned');
    for (const { c, p } of got.guesses) {
      // The page's network is in half precision.
      assert.ok(Math.abs(p - want.probabilities[c].probability) < 5e-3, `class ${c}: ${p}, cmd/cam ${want.probabilities[c].probability}`);
    }
    const page = await open(browser, file('cam.html'));
    const map = await page.evaluate(async () => {
      const m = await window.glimpse.app.data.map(0, 0, -1);
      return { class: m.class, width: m.width, height: m.height, levels: [...m.levels] };
    });
    assert.deepEqual({ ...got.map, levels: 0 }, { ...map, levels: 0 });
    const most = Math.max(...map.levels.map((v, i) => Math.abs(v - got.map.levels[i])));
    assert.ok(most <= 2, `the map differs by ${most} of 255`);
    await page.context().close();
  });

  test('has the map of any class, as cmd/cam maps it', async () => {
    // The least likely class: whatever is left out by the classes that a page keeps.
    const { class: other, name } = want.probabilities.reduce((a, b) => (b.probability < a.probability ? b : a));
    assert.notEqual(name, want.predicted);
    go('./cmd/cam', '-image', picture, '-weights', 'nn/pretrained/scenes.safetensors', '-class', name, '-out', file('cam.png'), '-html', file('other.html'));
    const kept = await open(browser, file('other.html'));
    const map = await kept.evaluate(async () => {
      const m = await window.glimpse.app.data.map(0, 0, -1);
      return { class: m.class, levels: [...m.levels] };
    });
    assert.equal(map.class, other);
    await kept.context().close();
    const page = await open(browser, file('tsne.html'));
    await page.waitForFunction(() => /^Ready/.test(document.getElementById('live-status').textContent), null, { timeout: 300000 });
    await page.setInputFiles('#live-file', picture);
    await page.waitForSelector('#point .map-choice select', { timeout: 300000 });
    await page.selectOption('#point .map-choice select', String(other));
    await page.waitForFunction((c) => document.querySelector('#point canvas.big').dataset.map === String(c), other, { timeout: 300000 });
    assert.match(await page.textContent('#live-status'), new RegExp(`the map of ${name}`));
    const levels = await page.evaluate(async (c) => [...(await window.glimpse.app.data.map(60, 0, c)).levels], other);
    const most = Math.max(...map.levels.map((v, i) => Math.abs(v - levels[i])));
    assert.ok(most <= 2 && levels.length === map.levels.length, `the map differs by ${most} of 255`);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });

  test('may be dropped, pasted or taken by the camera', async () => {
    const page = await open(browser, file('tsne.html')), bytes = [...readFileSync(picture)];
    await page.waitForFunction(() => /^Ready/.test(document.getElementById('live-status').textContent), null, { timeout: 300000 });
    const come = (n) => page.waitForFunction((k) => window.glimpse.app.data.extra.length === k && window.glimpse.app.store.state.pinned === window.glimpse.app.data.n + k - 1, n, { timeout: 300000 });
    const hand = (kind) => page.evaluate(([of, raw]) => {
      const files = new DataTransfer();
      files.items.add(new File([Uint8Array.from(raw)], 'handed.jpg', { type: 'image/jpeg' }));
      const event = of === 'drop' ? new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true }) : new ClipboardEvent('paste', { clipboardData: files, bubbles: true });
      document.body.dispatchEvent(event);
      return event.defaultPrevented;
    }, [kind, bytes]);
    assert.equal(await hand('drop'), true, 'the browser would open what is dropped');
    await come(1);
    await hand('paste');
    await come(2);
    await page.click('#live-camera');
    await page.waitForFunction(() => document.querySelector('.camera video')?.videoWidth > 0, null, { timeout: 60000 });
    await page.click('.camera button:first-of-type');
    await come(3);
    const got = await page.evaluate(() => {
      const { extra } = window.glimpse.app.data;
      return { names: extra.map((e) => e.className), colours: new Set(new Uint32Array(extra[2].pixels.data.buffer)).size, dialogs: document.querySelectorAll('.camera').length };
    });
    assert.deepEqual(got.names.slice(0, 2), [want.predicted, want.predicted]);
    assert.ok(got.colours > 1, 'the photograph is of one colour');
    assert.equal(got.dialogs, 0);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });

  test('has a place among the points', async () => {
    const got = await explained('tsne.html');
    assert.ok(got.unit.every((v) => Number.isFinite(v) && Math.abs(v) < 2), `it is at ${got.unit}`);
    assert.equal(got.className, want.predicted);
  });
});
