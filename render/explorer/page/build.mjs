// Bundles src into dist, which is committed and embedded by the Go package. With -check
// it compares instead. Nothing but src goes into it, so that no other licence applies.
import * as esbuild from 'esbuild';
import { readFileSync, writeFileSync } from 'node:fs';

const check = process.argv.includes('-check');
const here = (name) => new URL(name, import.meta.url);

async function bundle(entry) {
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: [here(entry).pathname],
    bundle: true,
    write: false,
    metafile: true,
    absWorkingDir: here('.').pathname,
    minify: true,
    format: 'iife',
    target: ['chrome109', 'firefox115', 'safari16.4'],
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const foreign = Object.keys(metafile.inputs).filter((name) => !name.startsWith('src/'));
  if (foreign.length) throw new Error(`${foreign} would need its licence in dist`);
  return outputFiles[0].text.trim();
}

const made = {
  'dist/explorer.js': await bundle('src/main.js'),
  'dist/explorer.css': await bundle('src/style.css'),
  'dist/body.html': readFileSync(here('src/body.html'), 'utf8').trim(),
};
let differs = false;
for (const [name, text] of Object.entries(made)) {
  if (!check) {
    writeFileSync(here(name), text);
  } else if (readFileSync(here(name), 'utf8') !== text) {
    console.error(`${name} is not what src makes: npm run build`);
    differs = true;
  }
}
process.exit(differs ? 1 : 0);
