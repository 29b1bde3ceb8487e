import { execFileSync } from 'child_process';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');

test('the native runtime has the page of cli/open/page: `npm run build` writes it', () => {
  const program = `import { readFileSync } from 'node:fs';
    import { bundlePage, EMBEDDED_PAGE } from ${JSON.stringify(join(ROOT, 'scripts', 'package', 'page.mjs'))};
    process.stdout.write(JSON.stringify({ bundled: await bundlePage(), embedded: readFileSync(EMBEDDED_PAGE, 'utf8') }));`;
  const { bundled, embedded } = JSON.parse(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })) as Record<string, string>;

  expect(embedded === bundled).toBe(true);
  expect(Buffer.byteLength(embedded)).toBeLessThan(200_000);
});
