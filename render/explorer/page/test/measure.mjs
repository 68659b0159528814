// Load and frame times of pages in Chromium with WebGL by software:
//
//	go run ./render/explorer/internal/testpages FOLDER 10000 100000 1000000
//	node render/explorer/page/test/measure.mjs FOLDER/scatter_*.html
import { statSync } from 'node:fs';
import { launch, open } from './browser.mjs';

const browser = await launch();
for (const file of process.argv.slice(2)) {
  const page = await open(browser, file);
  const result = await page.evaluate(async () => {
    const p = window.glimpse.app.plots[0], frames = [];
    const ready = performance.now(); // since the page began to load
    // What one drawing of all points takes, until the last pixel is there.
    const gl = p.points.gl, one = new Uint8Array(4), drawings = [];
    for (let i = 0; i < 5; i++) {
      p.still = true;
      const began = performance.now();
      p.frame(began);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, one);
      drawings.push(performance.now() - began);
    }
    let last = performance.now();
    const began = last;
    while (last - began < 12000) { // the first half settles how many are drawn
      p.camera.pan(3 * Math.cos(last / 300), 3 * Math.sin(last / 300));
      p.redraw();
      const now = await new Promise((done) => { requestAnimationFrame(() => done(performance.now())); });
      if (last - began > 6000) frames.push(now - last);
      last = now;
    }
    const pick = performance.now();
    for (let i = 0; i < 100; i++) p.pick(10 * i, 300);
    const picked = (performance.now() - pick) / 100;
    const lassoed = performance.now();
    p.within(Array.from({ length: 200 }, (_, i) => 0.5 * (i % 2 ? Math.sin : Math.cos)((2 * Math.PI * (i >> 1)) / 100)));
    const lasso = performance.now() - lassoed;
    const middle = (list) => list.sort((a, b) => a - b)[list.length >> 1];
    return { ready, all: middle(drawings), frame: middle(frames), slow: frames.sort((a, b) => a - b)[Math.floor(frames.length * 0.95)], drawn: Math.min(p.most, p.points.rest), picked, lasso };
  });
  const f = (v) => `${v.toFixed(v < 10 ? 2 : 0)} ms`;
  console.log(`${file}: ${(statSync(file).size / 1e6).toFixed(2)} MB, ready after ${f(result.ready)}; all points drawn in ${f(result.all)}; while moving a frame every ${f(result.frame)} (95%: ${f(result.slow)}) of ${Math.round(result.drawn)} points; pick ${f(result.picked)}, lasso ${f(result.lasso)}`);
  await page.context().close();
}
await browser.close();
