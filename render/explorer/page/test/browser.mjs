// A Chromium for tests: headless, without network, WebGL by software.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** Where Chromium is: as CHROMIUM says, else where Debian and others put it. */
export const path = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((p) => p && existsSync(p));

export const launch = () => chromium.launch({
  executablePath: path,
  // The camera shows Chromium's test pattern, and nobody is asked whether it may.
  args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'],
});

/** Opens a page by file:// with the network off, and waits until it is built. Whatever the
 * console says as an error, and every request but for the file, is in .problems. */
export async function open(browser, file, { hash = '', viewport = { width: 1280, height: 800 }, ...options } = {}) {
  const context = await browser.newContext({ offline: true, viewport, ...options });
  const page = await context.newPage();
  page.problems = [];
  page.on('console', (m) => { if (m.type() === 'error') page.problems.push(m.text()); });
  page.on('pageerror', (e) => page.problems.push(String(e)));
  page.on('request', (r) => { if (!/^(file|blob|data):/.test(r.url())) page.problems.push(r.url()); });
  page.on('dialog', (d) => { page.problems.push(`dialog: ${d.message()}`); d.dismiss(); });
  await page.goto(`file://${file}${hash}`);
  await page.waitForFunction(() => document.body.classList.contains('is-ready'), null, { timeout: 120000 });
  await page.evaluate(() => window.glimpse.ready);
  return page;
}
