// Builds dist/ from src/: "make console" runs it, and CI checks that it changes
// nothing. What is kept compressed is written only if its content differs, since
// other versions of zlib pack the same content into other bytes.
import { build } from 'esbuild';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';

const target = ['chrome109', 'firefox115', 'safari16.4'];

await build({
  entryPoints: { console: 'src/main.tsx' },
  outdir: 'dist/console',
  bundle: true, minify: true, format: 'esm', target, charset: 'utf8', legalComments: 'none',
  jsx: 'automatic', jsxImportSource: 'preact',
});
await build({
  entryPoints: { console: 'src/style/console.css' },
  outdir: 'dist/console', bundle: true, minify: true, target,
});
await build({
  entryPoints: { reference: 'src/docs/reference.ts' },
  outdir: 'dist/docs', bundle: true, minify: true, format: 'esm', target, charset: 'utf8',
});
await build({ entryPoints: ['src/docs/reference.css'], outdir: 'dist/docs', bundle: true, minify: true, target });

for (const [from, to] of [
  ['src/index.html', 'dist/console/index.html'],
  ['src/icon.svg', 'dist/console/icon.svg'],
  ['src/docs/index.html', 'dist/docs/index.html'],
]) {
  await copyFile(from, to);
}
for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css']) {
  await pack(`node_modules/swagger-ui-dist/${name}`, `dist/docs/${name}.gz`);
}

// What the licenses of others ask for goes with what is made of their work.
await licenses('dist/console/licenses.txt', ['preact/LICENSE', '@preact/signals/LICENSE', '@preact/signals-core/LICENSE', 'openapi-fetch/LICENSE']);
await licenses('dist/docs/licenses.txt', ['swagger-ui-dist/LICENSE', 'swagger-ui-dist/NOTICE', 'swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt']);

async function licenses(to, files) {
  const parts = files.map(async file => `${file}\n\n${(await readFile(`node_modules/${file}`, 'utf8')).trim()}\n`);
  await writeFile(to, (await Promise.all(parts)).join('\n'));
}

async function pack(from, to) {
  // A map of the source is not served, so nothing should ask for it.
  const content = (await readFile(from, 'utf8')).replace(/\n\/[/*][#@] sourceMappingURL=.*\s*$/, '\n');
  const old = await readFile(to).catch(() => undefined);
  if (!old || gunzipSync(old).toString() !== content) {
    await writeFile(to, gzipSync(content, { level: 9 }));
  }
}
