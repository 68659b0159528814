// The page in a browser, from file:// with the network off. The pages come from
// render/explorer/internal/testpages, with what they must show.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch, open, path } from './browser.mjs';

const folder = mkdtempSync(join(tmpdir(), 'explorer-'));
const small = join(folder, 'small.html');
let browser, want, page;

// What a slow machine may take.
const patience = { timeout: 60000 };

/** Waits until f, which runs in the page, is true. */
const until = (f, arg, on = page) => on.waitForFunction(f, arg, patience);
const state = (key, on = page) => on.evaluate((k) => { const v = window.glimpse.app.store.state[k]; return v instanceof Set ? [...v] : ArrayBuffer.isView(v) ? [...v] : v; }, key);
const selection = (on = page) => state('selection', on);

/** Where a point is in the window, in a pane. */
const place = (i, pane = 0) => page.evaluate(([j, k]) => {
  const p = window.glimpse.app.plots[k], box = p.over.getBoundingClientRect(), [x, y] = p.screen(j);
  return [box.left + x, box.top + y];
}, [i, pane]);

/** Waits until what has changed is drawn. */
const frames = () => page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));

/** Brings the page back to how it opens. */
const reset = async () => {
  await page.evaluate(() => {
    const { app } = window.glimpse;
    for (const p of app.plots) { p.motion = null; Object.assign(p.camera, { x: 0, y: 0, k: 1 }); p.t = 1; p.redraw(true); }
    app.store.set({ ...app.first, hidden: new Set(), selection: new Int32Array(0) });
    document.activeElement?.blur();
  });
  await page.mouse.move(5, 5);
  await frames();
};

const pixels = (selector, on = page) => on.evaluate((s) => {
  const c = document.querySelector(s);
  return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data];
}, selector);

describe('the page', { skip: path ? false : 'no Chromium: set CHROMIUM, or apt-get install chromium' }, () => {
  before(async () => {
    execFileSync('go', ['run', '../internal/testpages', folder], { cwd: new URL('..', import.meta.url).pathname, stdio: 'inherit' });
    want = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
    browser = await launch();
    page = await open(browser, small);
  }, { timeout: 300000 });

  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('opens without an error and draws the points', async () => {
    await reset();
    assert.deepEqual(page.problems, []);
    await page.evaluate(() => window.glimpse.app.store.set({ images: 'off' }));
    // Every point has its colour in the middle of its mark.
    const shown = await page.evaluate(() => {
      const { app } = window.glimpse, p = app.plots[0], gl = p.points.gl, out = [];
      p.still = true;
      p.frame(performance.now());
      for (let i = 0; i < app.data.n; i++) {
        const [x, y] = p.screen(i), rgba = new Uint8Array(4);
        gl.readPixels(Math.round(x * p.dpr), Math.round(gl.canvas.height - y * p.dpr), 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
        const a = rgba[3] || 1;
        out.push([...rgba.subarray(0, 3)].map((v) => Math.round((v * 255) / a)));
      }
      return out;
    });
    const tab10 = [[31, 119, 180], [255, 127, 14], [44, 160, 44]];
    want.Labels.forEach((l, i) => shown[i].forEach((v, ch) => assert.ok(Math.abs(v - tab10[l][ch]) <= 3, `point ${i} is ${shown[i]}`)));
  });

  test('hovering shows the image, and its map to the pixel of package render', async () => {
    await reset();
    for (const i of [3, 7, 21]) {
      await page.mouse.move(...(await place(i)));
      await until((j) => document.querySelector('#card canvas').dataset.drawn === String(j) && !document.getElementById('card').hidden, i);
      assert.deepEqual(await pixels('#card canvas'), want.Overlays[i]);
    }
    const text = await page.textContent('#card');
    assert.ok(text.includes('folder/image 21.png') && text.includes('80.0%'), text);
  });

  test('a click pins, zooms and lists the nearest neighbours', async () => {
    await reset();
    await page.mouse.click(...(await place(7)));
    await until(() => window.glimpse.app.store.state.pinned === 7 && window.glimpse.app.plots[0].camera.k > 1.01);
    await until(() => document.querySelector('#point canvas.big').dataset.drawn === '7');
    assert.deepEqual(await pixels('#point canvas.big'), want.Overlays[7]);
    const near = await page.$$eval('#point .tile-button', (all) => all.map((b) => Number(b.dataset.point)));
    assert.deepEqual(near, want.Near[7]);
  });

  /** Waits until a canvas has these pixels. */
  const same = (selector, expected, on = page) => until(([s, all]) => {
    const c = document.querySelector(s);
    if (!c) return false;
    const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
    return d.length === all.length && d.every((v, k) => v === all[k]);
  }, [selector, expected], on);

  test('the class that is mapped can be changed beside the map, with its probability', async () => {
    await reset();
    await page.evaluate(() => window.glimpse.select(7)); // a dog that is taken for the class with the odd name
    await same('#point canvas.big', want.Overlays[7]);
    const options = await page.$$eval('#point .map-choice option', (all) => all.map((o) => [o.textContent, o.selected]));
    assert.deepEqual(options, [['</script><img src=x onerror=alert(1)> 80.0%', true], ['dog 10.0%', false]]);
    const pressed = () => page.$$eval('#point .bar-row', (all) => all.map((b) => [b.dataset.class, b.disabled, b.getAttribute('aria-pressed')]));
    assert.deepEqual(await pressed(), [['2', false, 'true'], ['0', true, 'false'], ['1', false, 'false']]);
    await page.selectOption('#point .map-choice select', { label: 'dog 10.0%' });
    await same('#point canvas.big', want.Second[7]);
    assert.equal(await state('mapOf'), 1);
    assert.deepEqual(await pressed(), [['2', false, 'false'], ['0', true, 'false'], ['1', false, 'true']]);
    assert.equal(await page.$eval('#choose-mapOf', (e) => e.selectedOptions[0].textContent), 'dog');
    // Back by the bar of the prediction, which is then that of the next point as well.
    await page.click('#point .bar-row[data-class="2"]');
    await same('#point canvas.big', want.Overlays[7]);
    assert.equal(await state('mapOf'), -1);
    // By the keyboard, round and back.
    await page.keyboard.press('k');
    await same('#point canvas.big', want.Second[7]);
    await page.keyboard.press('k');
    await same('#point canvas.big', want.Overlays[7]);
    await page.keyboard.press('Shift+K');
    await same('#point canvas.big', want.Second[7]);
  });

  test('the class that is mapped is the same in the neighbours, under the pointer, in the gallery and in the URL', async () => {
    await reset();
    await page.evaluate(() => window.glimpse.select(6)); // right; its neighbours are 7, 13 and 36
    assert.deepEqual(want.Near[6], [7, 13, 36]);
    const options = await page.$$eval('#choose-mapOf option', (all) => all.map((o) => o.textContent));
    assert.deepEqual(options, ['the prediction', 'the true class', 'cat', 'dog', '</script><img src=x onerror=alert(1)>']);
    await page.selectOption('#choose-mapOf', 'dog');
    const tile = (i) => `#point .tile-button[data-point="${i}"] canvas`;
    await same(tile(7), want.Second[7]);
    await same(tile(13), want.Overlays[13]); // dogs, and taken for them
    await same(tile(36), want.Plain[36]); // a cat without a map of a dog
    await same('#point canvas.big', want.Plain[6]);
    assert.equal(await page.textContent('#point .note'), '1 of them without a map of dog.');
    await page.mouse.move(...(await place(7)));
    await until(() => document.querySelector('#card canvas').dataset.drawn === '7' && !document.getElementById('card').hidden);
    await same('#card canvas', want.Second[7]);
    assert.ok((await page.textContent('#card')).includes('Map of dog 10.0%'));
    await until(() => location.hash.includes('mapOf=1'));
    const again = await open(browser, small, { hash: new URL(page.url()).hash });
    await same(tile(7), want.Second[7], again);
    await again.context().close();

    await page.selectOption('#choose-mapOf', 'the true class');
    await page.click('#do-gallery');
    const seen = (i, view) => `#maps .tile-button[data-point="${i}"] .view:nth-child(${view}) canvas`;
    await same(seen(0, 2), want.Second[0]); // a cat that is taken for a dog
    await same(seen(1, 2), want.Overlays[1]); // right
    const names = (i) => page.$$eval(`#maps .tile-button[data-point="${i}"] .method`, (all) => all.map((e) => e.textContent));
    assert.deepEqual(await names(0), ['image', 'cam: cat 10.0%', 'gradcam']);
    // All classes of an image side by side.
    await page.click('#do-allClasses');
    await same(seen(0, 3), want.Second[0]);
    await same(seen(0, 2), want.Overlays[0]);
    assert.deepEqual(await names(0), ['image', 'cam: dog 80.0%', 'cam: cat 10.0%', 'gradcam']);
    await page.keyboard.press('a');
    await until(() => document.querySelectorAll('#maps .tile-button[data-point="0"] .view').length === 3);
  });

  test('the map can be switched off', async () => {
    await reset();
    await page.evaluate(() => window.glimpse.select(7));
    await same('#point canvas.big', want.Overlays[7]);
    await page.click('#do-map');
    await until(() => !window.glimpse.app.store.state.map);
    await same('#point canvas.big', want.Plain[7]);
  });

  test('opacity, map colours and colours under the map, to the pixel', async () => {
    await reset();
    await page.evaluate(() => window.glimpse.select(0));
    await same('#point canvas.big', want.Overlays[0]);
    await page.fill('#choose-alpha', '0.75');
    await same('#point canvas.big', want.Other[0]);
    await page.fill('#choose-alpha', '0.4');
    await page.click('#more summary');
    await page.selectOption('#choose-colormap', 'viridis');
    await same('#point canvas.big', want.Other[1]);
    await page.selectOption('#choose-colormap', 'jet');
    await page.click('#do-inColour');
    await same('#point canvas.big', want.Other[2]);
    await page.keyboard.press('Escape');
    await page.mouse.click(5, 400);
  });

  test('of very many points the nearest in the layout, and why', async () => {
    const p = await open(browser, join(folder, 'many.html'));
    await p.evaluate(() => window.glimpse.select(5));
    await until(() => document.querySelector('#point .tile-button'), null, p);
    assert.equal(await p.textContent('#point h3'), 'Nearest in this layout');
    assert.match(await p.textContent('#point .note'), /no room for neighbours in feature space/);
    const [shown, right] = await p.evaluate(() => {
      const { at } = window.glimpse.app.data.layouts[0], far = (i) => Math.hypot(at[2 * i] - at[10], at[2 * i + 1] - at[11]);
      const all = [...Array(at.length / 2).keys()].filter((i) => i !== 5 && far(i) < 5).sort((a, b) => far(a) - far(b));
      return [[...document.querySelectorAll('#point .tile-button')].map((b) => Number(b.dataset.point)), all.slice(0, 12)];
    });
    assert.deepEqual(shown, right);
    assert.deepEqual(p.problems, []);
    await p.context().close();
    const q = await open(browser, join(folder, 'indexed.html'));
    const near = await q.evaluate(() => [5, 69998].map((i) => window.glimpse.app.data.nearest(i)));
    assert.deepEqual(near, [[10, 16], [69996, 69995]]);
    await q.context().close();
  });

  test('a lasso selects the very points inside', async () => {
    await reset();
    // A triangle on the screen; what lies inside is computed here from the coordinates.
    const corners = [await place(0), await place(29), await place(57)].map(([x, y], k) => [x + [-9, 11, 3][k], y + [7, 12, -8][k]]);
    await page.click('#mode-lasso');
    await page.mouse.move(...corners[0]);
    await page.mouse.down();
    await page.mouse.move(...corners[1], { steps: 5 });
    await page.mouse.move(...corners[2], { steps: 5 });
    await page.mouse.up();
    await until(() => window.glimpse.app.store.state.selection.length > 0);
    const side = ([ax, ay], [bx, by], [px, py]) => Math.sign((bx - ax) * (py - ay) - (by - ay) * (px - ax));
    const inside = [];
    for (let i = 0; i < want.X.length; i++) {
      const p = await place(i), s = corners.map((c, k) => side(c, corners[(k + 1) % 3], p));
      if (s.every((v) => v === s[0])) inside.push(i);
    }
    assert.ok(inside.length > 5 && inside.length < 50);
    assert.deepEqual(await selection(), inside);
    assert.equal(await page.textContent('#selection h2'), `${inside.length} selected`);
    // Its counts by class.
    const counts = await page.$$eval('#selection .counts .number', (all) => all.map((e) => Number(e.textContent)));
    const right = [0, 1, 2].map((c) => inside.filter((i) => want.Labels[i] === c).length).filter(Boolean).sort((a, b) => b - a);
    assert.deepEqual(counts, right);
    // Its images, beside the plot and in the gallery.
    const tiles = (where) => page.$$eval(`${where} .tile-button`, (all) => all.map((b) => Number(b.dataset.point)));
    assert.deepEqual(await tiles('#selection'), inside);
    await page.click('#do-gallery');
    await until(() => !document.getElementById('maps').hidden);
    assert.deepEqual(await tiles('#maps'), inside);
    assert.ok((await page.textContent('#maps .note')).startsWith(`${inside.length} of 60 points`));
  });

  test('a double click where no point is zooms in, with Shift out', async () => {
    await reset();
    const zoom = () => page.evaluate(() => window.glimpse.app.plots[0].camera.k);
    await page.mouse.dblclick(30, 400);
    assert.ok(Math.abs((await zoom()) - 2) < 1e-9);
    await page.keyboard.down('Shift');
    await page.mouse.dblclick(30, 400);
    await page.keyboard.up('Shift');
    assert.ok(Math.abs((await zoom()) - 1) < 1e-9);
  });

  test('a box selects with Alt', async () => {
    await reset();
    const a = await place(0), b = await place(12);
    await page.keyboard.down('Alt');
    await page.mouse.move(a[0] - 8, a[1] + 8);
    await page.mouse.down();
    await page.mouse.move(b[0] + 8, b[1] - 8, { steps: 4 });
    await page.mouse.up();
    await page.keyboard.up('Alt');
    await until(() => window.glimpse.app.store.state.selection.length > 0);
    const all = [];
    for (let i = 0; i < want.X.length; i++) {
      const [x, y] = await place(i);
      if (x >= a[0] - 8 && x <= b[0] + 8 && y <= a[1] + 8 && y >= b[1] - 8) all.push(i);
    }
    assert.deepEqual(await selection(), all);
  });

  test('search finds by index, name and class', async () => {
    await reset();
    const search = async (text) => {
      await page.fill('#search', text);
      await page.press('#search', 'Enter');
    };
    await search('#13');
    await until(() => window.glimpse.app.store.state.pinned === 13);
    await search('IMAGE 2');
    await until(() => window.glimpse.app.store.state.selection.length === 10);
    assert.deepEqual(await selection(), [20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
    await search('dog');
    const dogs = want.Labels.map((l, i) => (l === 1 || want.Predictions[i] === 1 ? i : -1)).filter((i) => i >= 0);
    await until((n) => window.glimpse.app.store.state.selection.length === n, dogs.length);
    assert.deepEqual(await selection(), dogs);
    assert.equal(await page.textContent('#found'), `${dogs.length} found`);
    await page.fill('#search', '');
  });

  test('only mistakes, and the legend', async () => {
    await reset();
    const visible = () => page.evaluate(() => Array.from(window.glimpse.app.derived.visible));
    await page.click('#do-mistakes');
    await until(() => window.glimpse.app.store.state.mistakes);
    assert.deepEqual(await visible(), want.Labels.map((l, i) => Number(l !== want.Predictions[i])));
    await page.click('#do-mistakes');
    await page.click('.legend-entry[data-category="1"]');
    await until(() => window.glimpse.app.store.state.hidden.has(1));
    assert.deepEqual(await visible(), want.Labels.map((l) => Number(l !== 1)));
    await page.click('.legend-entry[data-category="1"]');
    await until(() => !window.glimpse.app.store.state.hidden.size);
    await page.dblclick('.legend-entry[data-category="2"]');
    await until(() => window.glimpse.app.store.state.hidden.size === 2);
    assert.deepEqual(await visible(), want.Labels.map((l) => Number(l === 2)));
    await page.dblclick('.legend-entry[data-category="2"]');
    await until(() => !window.glimpse.app.store.state.hidden.size);
  });

  test('cells of the confusion matrix select', async () => {
    await reset();
    for (const [l, p] of [[0, 1], [1, 1], [2, 0]]) {
      const cell = page.locator(`[data-cell="${l},${p}"]`);
      const inCell = want.Labels.map((label, i) => (label === l && want.Predictions[i] === p ? i : -1)).filter((i) => i >= 0);
      assert.equal(await cell.textContent(), String(inCell.length));
      await cell.click();
      await until((first) => window.glimpse.app.store.state.selection[0] === first, inCell[0]);
      assert.deepEqual(await selection(), inCell);
    }
  });

  test('colours by prediction, right or wrong, confidence and columns', async () => {
    await reset();
    const choices = await page.$$eval('#choose-colour option', (all) => all.map((o) => o.textContent));
    assert.deepEqual(choices, ['Class', 'Prediction', 'Right or wrong', 'Confidence', 'size', 'group', 'Nothing']);
    const colours = async (name) => {
      await page.selectOption('#choose-colour', name);
      await until((k) => document.querySelector('#choose-colour').selectedIndex === k && window.glimpse.app.store.changed.size === 0, choices.indexOf(name));
      return page.evaluate(() => Array.from(window.glimpse.app.derived.rgba));
    };
    const rgba = await colours('Right or wrong');
    want.Labels.forEach((l, i) => assert.deepEqual(rgba.slice(4 * i, 4 * i + 3), l === want.Predictions[i] ? [0, 114, 178] : [213, 94, 0]));
    const tab10 = [[31, 119, 180], [255, 127, 14], [44, 160, 44]], okabe = [[0, 114, 178], [230, 159, 0], [0, 158, 115]];
    const said = await colours('Prediction');
    want.Predictions.forEach((c, i) => assert.deepEqual(said.slice(4 * i, 4 * i + 3), tab10[c]));
    await page.evaluate(() => window.glimpse.app.store.set({ palette: 'okabe-ito' }));
    await until(() => window.glimpse.app.store.changed.size === 0 && window.glimpse.app.derived.rgba[0] !== 31);
    const safe = await page.evaluate(() => Array.from(window.glimpse.app.derived.rgba));
    want.Predictions.forEach((c, i) => assert.deepEqual(safe.slice(4 * i, 4 * i + 3), okabe[c]));
    const sure = await colours('Confidence'); // 0.8 of viridis, all of them
    want.Labels.forEach((_, i) => assert.deepEqual(sure.slice(4 * i, 4 * i + 3), sure.slice(0, 3)));
    const sizes = await colours('size'); // viridis from its first to its last colour
    assert.deepEqual([sizes.slice(0, 3), sizes.slice(4 * 59, 4 * 59 + 3)], [[68, 1, 84], [253, 231, 36]]);
    assert.ok(await page.isVisible('.ramp'));
    await colours('group');
    assert.deepEqual(await page.$$eval('.legend-name', (all) => all.map((e) => e.textContent)), ['A', 'B', 'C', 'D']);
  });

  test('exports the selection and the view', async () => {
    await reset();
    await page.evaluate(() => window.glimpse.app.select([5, 7]));
    const download = async (selector) => {
      const [d] = await Promise.all([page.waitForEvent('download', patience), page.click(selector)]);
      return readFileSync(await d.path());
    };
    const lines = (await download('#selection .row button:nth-child(1)')).toString().split('\r\n');
    assert.equal(lines[0], 'index,name,class,prediction,probability,t-SNE x,t-SNE y,PCA x,PCA y,size,group');
    assert.ok(lines[1].startsWith('5,"""><script>alert(2)</script>\u2028",</script><img src=x onerror=alert(1)>,'), lines[1]);
    assert.ok(lines[2].startsWith('7,folder/image 07.png,dog,</script><img src=x onerror=alert(1)>,0.8'), lines[2]);
    assert.ok(Math.abs(Number(lines[2].split(',')[5]) - want.X[7]) < 1e-4);
    assert.equal((await download('#selection .row button:nth-child(2)')).toString(), '5\n7\n');
    await page.click('#more summary');
    const png = await download('#save-png');
    assert.equal(png.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
    // It is no empty picture: both points and the legend are in it.
    const colours = await page.evaluate(async (text) => {
      const blob = new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]);
      const b = await createImageBitmap(blob), c = new OffscreenCanvas(b.width, b.height).getContext('2d');
      c.drawImage(b, 0, 0);
      const d = c.getImageData(0, 0, b.width, b.height).data, seen = new Set();
      for (let i = 0; i < d.length; i += 4) seen.add((d[i] << 16) | (d[i + 1] << 8) | d[i + 2]);
      return [b.width, seen.size];
    }, png.toString('base64'));
    assert.ok(colours[0] > 600 && colours[1] > 50, String(colours));
  });

  test('the state is in the URL', async () => {
    await reset();
    await page.evaluate(() => window.glimpse.app.store.set({ layout: 1, colour: 'prediction', hidden: new Set([0]), selection: Int32Array.from([3, 4, 5, 9]), pinned: 8, alpha: 0.7, mistakes: true, mapOf: -2, allClasses: true, imageSize: 64, mode: 'box', theme: 'dark', view: { x: 0.1, y: -0.2, k: 3 } }));
    await until(() => location.hash.includes('pinned=8'));
    const hash = new URL(page.url()).hash;
    const again = await open(browser, small, { hash });
    for (const key of ['layout', 'colour', 'hidden', 'selection', 'pinned', 'alpha', 'mistakes', 'mapOf', 'allClasses', 'imageSize', 'mode', 'theme', 'dark', 'view']) {
      assert.deepEqual(await state(key, again), await state(key), key);
    }
    const camera = await again.evaluate(() => { const { x, y, k } = window.glimpse.app.plots[0].camera; return { x, y, k }; });
    assert.deepEqual(camera, { x: 0.1, y: -0.2, k: 3 });
    await again.context().close();
    // What is no state is ignored.
    const odd = await open(browser, small, { hash: '#layout=7&colour=__proto__&pinned=999&selection=zzzz-1.-.%00&view=NaN,1e99,x&hidden=9-zzzzzzzz&alpha=2&mapOf=77' });
    assert.deepEqual(odd.problems, []);
    assert.deepEqual([await state('layout', odd), await state('colour', odd), await state('pinned', odd), await selection(odd), await state('alpha', odd), await state('mapOf', odd)], [0, 'class', -1, [], 0.4, -1]);
    await odd.context().close();
  });

  test('works by the keyboard alone', async () => {
    await reset();
    const key = (k) => page.keyboard.press(k);
    await page.focus('.over');
    const before = await page.evaluate(() => window.glimpse.app.plots[0].camera.x);
    await key('ArrowRight');
    await until((x) => window.glimpse.app.plots[0].camera.x > x, before);
    await key('+');
    await until(() => window.glimpse.app.plots[0].camera.k > 1.2);
    await key('Enter');
    await until(() => window.glimpse.app.store.state.pinned >= 0);
    const middle = await state('pinned');
    await key('n');
    await until((i) => window.glimpse.app.store.state.pinned === (i + 1) % 60, middle);
    await key('Escape');
    await until(() => window.glimpse.app.store.state.pinned === -1);
    await key('0');
    await until(() => window.glimpse.app.plots[0].camera.k === 1);
    await key('s');
    await until(() => window.glimpse.app.store.state.selection.length === 60);
    await key('Escape');
    await until(() => window.glimpse.app.store.state.selection.length === 0);
    await key('w');
    await until(() => window.glimpse.app.store.state.mistakes);
    await key('l');
    await until(() => window.glimpse.app.store.state.layout === 1);
    await key('/');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
    await page.keyboard.type('w'); // is text here
    assert.equal(await state('mistakes'), true);
    await key('Escape');
    await key('?');
    assert.ok(await page.isVisible('#help'));
    await key('Escape');
    assert.ok(!(await page.isVisible('#help')));
    // All controls are reached by Tab.
    const reached = new Set();
    await page.evaluate(() => { document.body.tabIndex = -1; document.body.focus(); });
    for (let i = 0; i < 60; i++) {
      await key('Tab');
      reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.className));
    }
    for (const id of ['search', 'mode-lasso', 'choose-layout', 'do-split', 'do-mistakes', 'choose-colour', 'do-map', 'over', 'legend-entry', 'cell diagonal']) assert.ok(reached.has(id), `${id} is not reached by Tab: ${[...reached]}`);
  });

  test('layouts move into each other and stand side by side', async () => {
    await reset();
    await page.selectOption('#choose-layout', 'PCA');
    await until(() => window.glimpse.app.plots[0].layout === 1 && window.glimpse.app.plots[0].t === 1);
    const at = await page.evaluate(() => window.glimpse.app.plots[0].at(4));
    const there = await page.evaluate(() => { const l = window.glimpse.app.data.layouts[1]; return [(l.at[8] - l.centre[0]) / l.half, (l.at[9] - l.centre[1]) / l.half]; });
    assert.ok(Math.hypot(at[0] - there[0], at[1] - there[1]) < 1e-6);
    await page.click('#do-split');
    await until(() => window.glimpse.app.plots.length === 2 && window.glimpse.app.plots[1].camera.width > 100);
    assert.deepEqual(await page.$$eval('.layout-name', (all) => all.map((e) => e.textContent)), ['PCA', 't-SNE']);
    await page.mouse.click(...(await place(11, 1)));
    await until(() => window.glimpse.app.store.state.pinned === 11);
    await page.click('#do-split');
    await until(() => window.glimpse.app.plots.length === 1);
  });

  test('thumbnails do not overlap', async () => {
    await reset();
    await page.evaluate(() => window.glimpse.app.store.set({ images: 'always', imageSize: 100 }));
    // A slow machine draws the size before once more.
    await until(() => {
      const thumbs = window.glimpse.app.plots[0].thumbs.map((t) => [t.px, t.py]);
      return thumbs.length > 5 && thumbs.every(([x, y], i) => thumbs.slice(0, i).every(([u, v]) => Math.max(Math.abs(x - u), Math.abs(y - v)) >= 106));
    });
    await page.evaluate(() => window.glimpse.app.store.set({ images: 'off' }));
    await until(() => window.glimpse.app.plots[0].thumbs.length === 0);
  });

  test('names stay text', async () => {
    await reset();
    await page.evaluate(() => window.glimpse.select(5));
    await until(() => document.querySelector('#point .name')?.textContent.includes('<script>alert(2)'));
    await page.click('#do-gallery');
    await until(() => document.querySelector('#maps .caption'));
    const elements = await page.evaluate(() => [document.querySelectorAll('img').length, document.querySelectorAll('b').length, document.title]);
    assert.deepEqual(elements, [0, 0, 'Small <b>page</b>']);
    assert.ok((await page.textContent('#legend')).includes('</script><img src=x onerror=alert(1)>'));
    assert.deepEqual(page.problems, []);
  });

  test('its policy forbids scripts and the network', async () => {
    const said = await page.evaluate(async () => {
      const out = [];
      addEventListener('securitypolicyviolation', (e) => out.push(e.effectiveDirective));
      try { await fetch('https://example.com/'); } catch { /* as it must */ }
      const s = document.createElement('script');
      s.textContent = 'window.ran = true';
      document.body.append(s);
      const i = document.createElement('img');
      i.src = 'https://example.com/x.png';
      document.body.append(i);
      await new Promise((done) => { setTimeout(done, 300); });
      s.remove();
      i.remove();
      return [out.sort(), window.ran ?? false];
    });
    assert.deepEqual(said, [['connect-src', 'img-src', 'script-src-elem'], false]);
    page.problems.length = 0; // these were meant
  });

  test('light and dark by the system', async () => {
    const ground = (on) => on.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await open(browser, small, { colorScheme: 'dark' });
    assert.equal(await ground(dark), 'rgb(20, 22, 26)');
    assert.equal(await state('dark', dark), true);
    await dark.emulateMedia({ colorScheme: 'light' });
    await until(() => !document.documentElement.classList.contains('dark'), null, dark);
    assert.equal(await ground(dark), 'rgb(255, 255, 255)');
    assert.deepEqual(dark.problems, []);
    await dark.context().close();
  });

  test('on a phone: nothing is wider than the screen, a tap pins, two fingers zoom', async () => {
    const phone = await open(browser, small, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
    assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth), 390);
    const at = await phone.evaluate(() => { const p = window.glimpse.app.plots[0], b = p.over.getBoundingClientRect(), [x, y] = p.screen(20); return [b.left + x, b.top + y]; });
    await phone.touchscreen.tap(...at);
    await until(() => window.glimpse.app.store.state.pinned === 20, null, phone);
    const k = await phone.evaluate(() => window.glimpse.app.plots[0].camera.k);
    await phone.evaluate(() => {
      const { over } = window.glimpse.app.plots[0], b = over.getBoundingClientRect();
      over.setPointerCapture = () => {};
      const send = (type, id, x, y) => over.dispatchEvent(new PointerEvent(type, { pointerId: id, pointerType: 'touch', clientX: b.left + x, clientY: b.top + y, bubbles: true }));
      send('pointerdown', 1, 150, 200); send('pointerdown', 2, 250, 200);
      send('pointermove', 1, 100, 200); send('pointermove', 2, 300, 200);
      send('pointerup', 1, 100, 200); send('pointerup', 2, 300, 200);
    });
    await until((was) => window.glimpse.app.plots[0].camera.k > 1.8 * was, k, phone);
    assert.deepEqual(phone.problems, []);
    await phone.context().close();
  });

  test('a point that is added while the page is open', async () => {
    await reset();
    const i = await page.evaluate(async () => {
      const c = new OffscreenCanvas(20, 20), g = c.getContext('2d');
      g.fillStyle = '#336699';
      g.fillRect(0, 0, 20, 20);
      return window.glimpse.addPoint({ x: 12, y: 12, image: c, className: 'dog', probabilities: [0.1, 0.7, 0.2], map: { width: 2, height: 2, values: [0, 1, 2, 4] } });
    });
    assert.equal(i, 60);
    await page.evaluate((j) => window.glimpse.select(j), i);
    await until(() => document.querySelector('#point canvas.big').dataset.drawn === '60');
    assert.ok((await page.textContent('#point')).includes('70.0%'));
    const d = await pixels('#point canvas.big');
    // Jet of the level 255, half red, over the gray of #336699 at 0.4.
    const a = 102, gray = (19595 * 0x33 + 38470 * 0x66 + 7471 * 0x99 + 32768) >> 16;
    const mix = (v) => Math.floor((256 * v * a + gray * (65280 - 255 * a)) / (65280 + a));
    assert.deepEqual(d.slice(-4), [mix(127), mix(0), mix(0), 255]);
    assert.deepEqual(page.problems, []);
  });

  test('a point that is added has the maps of all classes when they are asked for', async () => {
    await reset();
    await page.evaluate(async () => {
      window.asked = [];
      const image = new OffscreenCanvas(20, 20);
      image.getContext('2d').fillRect(0, 0, 20, 20);
      const mapOf = async (c) => {
        window.asked.push(c);
        if (c === 2 && window.asked.filter((a) => a === 2).length === 1) throw new Error('not now');
        return { class: c, width: 1, height: 2, levels: Uint8Array.of(255, 255 * (c === 0)) };
      };
      const i = await window.glimpse.addPoint({ x: 20, y: 12, image, className: 'dog', probabilities: [0.05, 0.7, 0.25], map: { class: 1, width: 2, height: 2, values: [0, 1, 2, 4] }, mapOf });
      window.glimpse.select(i);
    });
    await until(() => document.querySelector('#point canvas.big').dataset.map === '1');
    const options = await page.$$eval('#point .map-choice option', (all) => all.map((o) => o.textContent));
    assert.deepEqual(options, ['dog 70.0%', 'cat 5.0%', '</script><img src=x onerror=alert(1)> 25.0%']);
    const choose = (c) => page.selectOption('#point .map-choice select', String(c));
    await choose(0);
    await until(() => document.querySelector('#point canvas.big').dataset.map === '0');
    // Jet of the level 255, half red, over black at 0.4, on all of it.
    const a = 102, red = Math.floor((256 * 127 * a) / (65280 + a));
    const d = await pixels('#point canvas.big');
    for (let k = 0; k < d.length; k += 4) assert.deepEqual(d.slice(k, k + 4), [red, 0, 0, 255]);
    await choose(2); // which fails at first, and leaves the image alone
    await until(() => document.querySelector('#point canvas.big').dataset.map === '');
    await choose(1);
    await until(() => document.querySelector('#point canvas.big').dataset.map === '1');
    await choose(2);
    await until(() => document.querySelector('#point canvas.big').dataset.map === '2');
    await choose(0); // which is not made again
    await until(() => document.querySelector('#point canvas.big').dataset.map === '0');
    assert.deepEqual(await page.evaluate(() => window.asked), [0, 2, 2]);
    assert.deepEqual(page.problems, []);
  });

  // Pages of the programs, as of the demo or of CIFAR-10.
  for (const file of (process.env.EXPLORER_PAGES ?? '').split(':').filter(Boolean)) {
    test(`${file} opens without an error`, async () => {
      const p = await open(browser, file);
      await p.evaluate(() => window.glimpse.select(3));
      await until(() => document.querySelector('#point canvas.big').dataset.drawn === '3', null, p);
      await until(() => document.querySelector('#point .tile-button, #maps .tile-button'), null, p);
      assert.deepEqual(p.problems, []);
      await p.context().close();
    });
  }

  test('a page without layouts opens on its gallery, methods side by side', async () => {
    const g = await open(browser, join(folder, 'gallery.html'));
    await until(() => document.querySelector('#maps canvas[data-drawn]'), null, g);
    assert.deepEqual(await g.$$eval('#maps .tile-button:first-child .method', (all) => all.map((e) => e.textContent)), ['image', 'cam', 'gradcam']);
    await until(() => [...document.querySelectorAll('#maps .tile-button:first-child canvas')].every((c) => c.dataset.drawn === '0'), null, g);
    assert.deepEqual(await pixels('#maps .tile-button:first-child .view:nth-child(2) canvas', g), want.Overlays[0]);
    await g.click('#maps .tile-button:nth-child(8)');
    await until(() => window.glimpse.app.store.state.pinned === 7, null, g);
    assert.deepEqual(g.problems, []);
    await g.context().close();
  });
});
