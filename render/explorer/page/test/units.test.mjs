// Modules that need no browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Camera } from '../src/camera.js';
import { colouring, paint } from '../src/colours.js';
import { csv } from '../src/export.js';
import { fromFragment, packIndices, toFragment, unpackIndices } from '../src/fragment.js';
import { Grid } from '../src/grid.js';
import { levels, overlay, resize } from '../src/heat.js';
import { bounds, inside } from '../src/polygon.js';
import { find } from '../src/search.js';
import { beside, choices, choicesOf, step } from '../src/mapped.js';
import { placeThumbs } from '../src/thumbs.js';

// Numbers without pattern, the same each time.
let seed = 1;
const random = () => { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; return seed / 2 ** 32; };

test('grid: what is in a box and what is nearest, against all points', () => {
  for (const n of [1, 7, 500]) {
    const at = Float32Array.from({ length: 2 * n }, () => 2 * random() - 1), grid = new Grid(at);
    for (let k = 0; k < 50; k++) {
      const [x0, y0, w, h] = [2 * random() - 1.2, 2 * random() - 1.2, random(), random()], found = [];
      grid.each(x0, y0, x0 + w, y0 + h, (i) => { found.push(i); });
      const all = [...Array(n).keys()].filter((i) => at[2 * i] >= x0 && at[2 * i] <= x0 + w && at[2 * i + 1] >= y0 && at[2 * i + 1] <= y0 + h);
      assert.deepEqual(found.sort((a, b) => a - b), all);
      const odd = (i) => i % 2 === 1, far = (i) => Math.hypot(at[2 * i] - x0, at[2 * i + 1] - y0);
      const near = [...Array(n).keys()].filter((i) => odd(i) && far(i) <= 0.3).sort((a, b) => far(a) - far(b));
      assert.equal(grid.nearest(x0, y0, 0.3, odd), near[0] ?? -1);
    }
    let calls = 0;
    grid.each(-1, -1, 1, 1, () => ++calls === 1);
    assert.equal(calls, 1);
  }
});

test('polygon: inside by the winding of a star, and its bounds', () => {
  const square = [0, 0, 4, 0, 4, 4, 0, 4];
  assert.ok(inside(square, 1, 3) && !inside(square, 5, 1) && !inside(square, -1, 1) && !inside(square, 1, 5));
  // A U: its gap is outside.
  const u = [0, 0, 3, 0, 3, 3, 2, 3, 2, 1, 1, 1, 1, 3, 0, 3];
  assert.ok(inside(u, 0.5, 2) && inside(u, 2.5, 2) && inside(u, 1.5, 0.5) && !inside(u, 1.5, 2));
  assert.deepEqual(bounds(u), [0, 0, 3, 3]);
});

test('indices in the URL', () => {
  assert.equal(packIndices([3, 4, 5, 9, 40]), '3-5.9.14');
  assert.deepEqual(unpackIndices('3-5.9.14', 41), [3, 4, 5, 9, 40]);
  assert.deepEqual(unpackIndices('3-5.9.14.x!.-.7-2.z-', 10), [3, 4, 5, 9]);
  assert.deepEqual(unpackIndices('8-c', 10), [8, 9]);
  assert.equal(packIndices(Array.from({ length: 2001 }, (_, i) => 2 * i)), '');
  for (let k = 0; k < 20; k++) {
    const list = [...Array(200).keys()].filter(() => random() < 0.4);
    assert.deepEqual(unpackIndices(packIndices(list), 200), list);
  }
});

const first = { layout: 0, colour: 'class', method: 0, mapOf: -1, colormap: 'jet', palette: 'tab10', images: 'zoom', imageSize: 40, mode: 'pan', theme: 'system', pinned: -1, split: false, mistakes: false, map: true, gallery: false, allClasses: false, inColour: false, alpha: 0.4, hidden: new Set(), selection: [], view: { x: 0, y: 0, k: 1 } };
const allowed = { layout: [0, 1], colour: ['class', 'correct'], method: [0, 1], mapOf: [-1, 0, 1], colormap: ['jet', 'turbo'], palette: ['tab10', 'okabe-ito'], images: ['zoom', 'off'], mode: ['pan', 'lasso'], theme: ['system', 'dark'] };

test('the fragment of a state is that state', () => {
  assert.equal(toFragment(first, first), '');
  const s = { ...first, layout: 1, colour: 'correct', method: 1, mapOf: 0, colormap: 'turbo', palette: 'okabe-ito', images: 'off', imageSize: 96, mode: 'lasso', theme: 'dark', pinned: 5, split: true, mistakes: true, map: false, gallery: true, allClasses: true, inColour: true, alpha: 0.25, hidden: new Set([1, 2]), selection: Int32Array.from([0, 7]), view: { x: -0.5, y: 0.25, k: 12 } };
  assert.deepEqual(fromFragment(toFragment(s, first), first, allowed, 8), s);
  assert.equal(fromFragment('split=1', first, { ...allowed, layout: [0] }, 8).split, false);
  assert.equal(fromFragment('pinned=8', first, allowed, 8).pinned, -1);
  for (const size of ['15', '129', 'x']) assert.equal(fromFragment(`imageSize=${size}`, first, allowed, 8).imageSize, 40);
});

test('camera: zooming keeps the place under the pointer', () => {
  const c = new Camera();
  [c.width, c.height] = [800, 600];
  const before = c.toPlane(500, 260);
  c.zoom(3, 500, 260);
  assert.ok(Math.hypot(...c.toPlane(500, 260).map((v, i) => v - before[i])) < 1e-12);
  assert.equal(c.k, 3);
  assert.ok(Math.hypot(...c.toScreen(...before).map((v, i) => v - [500, 260][i])) < 1e-9);
  const [x0, y0, x1, y1] = c.box();
  assert.ok(x0 < x1 && y0 < y1 && Math.abs((x1 - x0) / (y1 - y0) - 800 / 600) < 1e-9);
});

// cv2.resize(np.uint8([[0, 255], [100, 50]]), (4, 3)) of OpenCV 5.0.0.
test('resize: as OpenCV', () => {
  assert.deepEqual([...resize(Uint8Array.of(0, 255, 100, 50), 2, 2, 4, 3)], [0, 64, 191, 255, 50, 76, 127, 153, 100, 87, 62, 50]);
});

test('overlay: alpha 0 is the gray, alpha 1 the colours', () => {
  const table = Uint8Array.from({ length: 768 }, (_, i) => (i * 7) & 255), rgba = [10, 200, 30, 255];
  const gray = (19595 * 10 + 38470 * 200 + 7471 * 30 + 32768) >> 16;
  assert.deepEqual(overlay([...rgba], [9], table, 0), [gray, gray, gray, 255]);
  assert.deepEqual(overlay([...rgba], [9], table, 1), [...table.subarray(27, 30), 255]);
  assert.deepEqual(overlay([...rgba], [9], table, 0, true), rgba);
});

test('levels: as uint8(255 * (v - min) / (max - min)) of NumPy', () => {
  assert.deepEqual([...levels([-1, 0, 0.5, 3])], [0, 63, 95, 255]);
  assert.deepEqual([...levels([2, 2])], [0, 0]);
  assert.deepEqual([...levels([1, NaN])], [0, 0]);
});

test('thumbnails: the higher rank first, none within a side of another', () => {
  const at = Array.from({ length: 300 }, () => [500 * random(), 400 * random()]);
  const placed = placeThumbs([...at.keys()], (i) => at[i], 50, (i) => Number(i === 250), 1000);
  assert.equal(placed[0].i, 250);
  const apart = (a, b) => Math.max(Math.abs(a[0] - b[0]), Math.abs(a[1] - b[1])) >= 50;
  placed.forEach((t, k) => placed.slice(0, k).forEach((u) => assert.ok(apart(at[t.i], at[u.i]))));
  // Nobody is left out for whom there was room.
  const shown = new Set(placed.map((t) => t.i));
  at.forEach((p, i) => assert.ok(shown.has(i) || placed.some((t) => !apart(at[t.i], p))));
  assert.equal(placeThumbs([...at.keys()], (i) => at[i], 50, () => 0, 3).length, 3);
});

/** Three points as data.js gives them. */
const three = {
  n: 3, classes: ['Cat', 'dog'], labels: Int32Array.of(0, 1, -1), predictions: Int32Array.of(0, 0, 1), names: ['a,b', 'say "x"', 'z'],
  layouts: [{ name: 't', at: [1, 2, 3, 4, 5, 6] }], columns: [{ name: 'c', kind: 'number', of: [1, NaN, 3] }, { name: 'd', kind: 'text', values: ['p', 'q'], of: [0, 1, 1] }],
  meta: { palettes: [{ name: 'tab10', colours: ['#ff0000', '#00ff00'], more: ['#0000ff'] }, { name: 'okabe-ito', colours: ['#000000'] }] },
  label(i) { return this.labels[i]; }, prediction(i) { return this.predictions[i]; }, className(c) { return this.classes[c]; }, name(i) { return this.names[i]; },
  confidence(i) { return [0.5, NaN, 1][i]; }, wrong(i) { return i === 1; },
};

test('CSV', () => {
  assert.equal(csv(three, [0, 1, 2]), 'index,name,class,prediction,probability,t x,t y,c,d\r\n0,"a,b",Cat,Cat,0.5,1,2,1,p\r\n1,"say ""x""",dog,Cat,,3,4,NaN,q\r\n2,z,,dog,1,5,6,3,q\r\n');
});

test('search', () => {
  assert.deepEqual(find(three, 'cat'), [0, 1]);
  assert.deepEqual(find(three, ' Z '), [2]);
  assert.deepEqual([find(three, '#2'), find(three, '1'), find(three, '#3'), find(three, ' ')], [[2], [1], [], []]);
});

test('colours', () => {
  const byClass = colouring(three, 'class', 'tab10', false);
  assert.deepEqual([byClass.names, [...byClass.of], [...byClass.counts]], [['Cat', 'dog', 'unlabelled'], [0, 1, 2], [1, 1, 1]]);
  assert.deepEqual([...paint(byClass, 3, 1)], [255, 0, 0, 255, 0, 255, 0, 255, 154, 154, 154, 255]);
  assert.deepEqual([...colouring(three, 'correct', 'tab10', false).of], [0, 1, 2]);
  // More classes than the palette has colours take its longer form.
  assert.equal(colouring({ ...three, classes: ['a', 'b', 'c'] }, 'class', 'tab10', false).colours[0], '#0000ff');
  // Black cannot be seen on dark.
  assert.deepEqual(colouring(three, 'class', 'okabe-ito', true).colours.slice(0, 2), ['#ffffff', '#ffffff']);
  const table = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  assert.deepEqual([...paint(colouring(three, 'column-0', 'tab10', false), 3, 0.5, table)], [0, 0, 0, 128, 154, 154, 154, 128, 255, 255, 255, 128]);
});

test('the classes that can be mapped', () => {
  const maps = [[4, 1, 0, 2, 6, 5, 3], [0, 4], []]; // of three points
  const data = {
    meta: {}, labels: [3, 0, 1], classes: [...'abcdefgh'], maps: [{ most: 7, mapped: Int32Array.from(maps.flat()) }],
    className(c) { return this.classes[c]; }, label(i) { return this.labels[i]; }, mapped: (i) => maps[i],
    mappedClass: (i, _, wanted) => (wanted === -1 ? maps[i][0] : maps[i].includes(wanted) ? wanted : -2),
  };
  assert.deepEqual(choices(data).map((c) => c.key), [-1, -2, 0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(choices({ ...data, labels: null }).map((c) => c.name), ['the prediction', ...'abcdefg']);
  assert.deepEqual(choices({ ...data, meta: { live: true } }).map((c) => c.name).at(-1), 'h');
  assert.deepEqual(choices({ ...data, maps: [{ most: 1, mapped: [0] }] }).map((c) => c.key), [-1]);
  assert.deepEqual(choicesOf(data, 1, 0), [{ key: -1, c: 0 }, { key: 4, c: 4 }]);
  assert.deepEqual(beside(data, 0, 0), [4, 1, 0, 2, 6, 3]); // five, and the true one
  assert.deepEqual(beside({ ...data, meta: { allClasses: true } }, 0, 0), maps[0]);
  const app = { data, mapChoices: choices(data), store: { state: { pinned: 1, method: 0, mapOf: -1 }, set(s) { Object.assign(this.state, s); } } }, { state } = app.store;
  const walk = (by) => { step(app, by); return state.mapOf; };
  assert.deepEqual([walk(1), walk(1), walk(-1)], [4, -1, 4]);
  Object.assign(state, { mapOf: 6 }); // of which this point has no map
  assert.equal(walk(1), -1);
  Object.assign(state, { pinned: -1 });
  assert.deepEqual([walk(1), walk(1), walk(-1), walk(-1), walk(-1)], [-2, 0, -2, -1, 6]);
});
