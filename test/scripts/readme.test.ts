import { spawnSync } from 'child_process';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');

/** Returns a page as PyPI gets it. */
function published(page: string): string {
  const program = `import { absoluteLinks } from ${JSON.stringify(join(ROOT, 'scripts', 'package', 'readme.mjs'))};
    console.log(absoluteLinks(${page}, 'https://github.com/owner/name', 'v1.2.3'));`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).stdout.trim();
}

test('relative links and images of README lead to the repository, and others stay', () => {
  expect(published(JSON.stringify('![a](docs/a.svg) [b](docs/b.md#c) [d](https://example.com) [e](#f)'))).toBe(
    '![a](https://github.com/owner/name/raw/v1.2.3/docs/a.svg) [b](https://github.com/owner/name/blob/v1.2.3/docs/b.md#c) [d](https://example.com) [e](#f)',
  );
});

test('no relative link of README is left in the package for Python', () => {
  const page = published(`(await import('node:fs')).readFileSync(${JSON.stringify(join(ROOT, 'README.md'))}, 'utf8')`);

  expect(page.match(/\]\(https:\/\/github\.com\/owner\/name\/(blob|raw)\/v1\.2\.3\//g)!.length).toBeGreaterThan(20);
  expect(page.match(/\]\((?!https:)[^)]*\)/g)).toBeNull();
});
