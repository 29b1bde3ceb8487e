import { existsSync, readdirSync, readFileSync } from 'fs';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const page = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
const section = (title: string) => page.split(`\n## ${title}\n`)[1].split('\n## ')[0];
/** Code that is a path of this repository: names of files alone and of packages are none. */
const paths = (text: string) => [...text.matchAll(/`([^`\s]+)`/g)].map(([, code]) => code)
  .filter((code) => /^(lib|bin|cli|optimizer|server|runtime|lab|test|scripts|docs|examples)(\/|$)/.test(code));

test('every script of package.json is in the list of commands', () => {
  const scripts = Object.keys((JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }).scripts);
  const [, list] = /```sh\n([^]*?)```/.exec(page)!;
  const named = [...list.matchAll(/^npm (?:run )?(\S+)/gm)].map(([, script]) => script);
  expect(scripts.filter((script) => !named.includes(script))).toEqual([]);
});

test('every room of the table exists', () => {
  const rooms = paths(section('The rooms'));
  expect(rooms.length).toBeGreaterThan(12);
  expect(rooms.filter((room) => !existsSync(join(ROOT, room)))).toEqual([]);
});

test.each(['lib', 'runtime', 'lab'])('the table has every room of %s', (parent) => {
  const folders = readdirSync(join(ROOT, parent), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => `${parent}/${name}`);

  expect(folders.filter((folder) => !paths(section('The rooms')).includes(folder))).toEqual([]);
});

describe('the walks', () => {
  const walks = section('Where to read').split(/^\*\*(?=.+\*\*$)/m).slice(1).map((text) => [text.split('**')[0], paths(text)] as const);

  test('are ten or more', () => {
    expect(walks.length).toBeGreaterThanOrEqual(10);
  });

  test.each(walks)('%s: names at most eight files, which exist', (_, files) => {
    expect(files.length).toBeGreaterThan(1);
    expect(files.length).toBeLessThanOrEqual(8);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});
