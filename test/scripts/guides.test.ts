import { existsSync, readdirSync, readFileSync } from 'fs';
import { dirname, join, relative, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const PAGES = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/README.md', 'lab/emulator/README.md', 'lab/benchmark/README.md'],
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md') && !name.includes('node_modules')).map((name) => join('docs', name)),
];
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');
const withoutCodeBlocks = (text: string) => text.replace(/^( *)```[^]*?^\1```$/gm, '');
const withoutCode = (text: string) => withoutCodeBlocks(text).replace(/`[^`]*`/g, 'code');

/** Returns the names that GitHub gives to a page's headings. */
function anchors(text: string): string[] {
  return [...withoutCodeBlocks(text).matchAll(/^#+ (.+)$/gm)]
    .map(([, title]) => title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));
}

/** Returns the links that lead to no file, or to no heading of it. */
function deadLinks(page: string, text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link).filter((link) => {
    const [path, anchor] = link.split('#');
    const target = path === '' ? page : relative(ROOT, resolve(ROOT, dirname(page), path));
    return !/^https?:/.test(link) && (!existsSync(join(ROOT, target)) || (anchor !== undefined && !anchors(read(target)).includes(anchor)));
  });
}

/** Returns the lines that Markdown does not show as they are meant: markers of a list without text, and rows with other cells than their table. */
function brokenLines(text: string): string[] {
  const cells = (line: string) => line.startsWith('|') ? line.split(/(?<!\\)\|/).length : 0;
  const lines = withoutCode(text).split('\n');
  return lines.filter((line, index) => /^\s*[*-]\s*$/.test(line) || (cells(line) > 0 && cells(lines[index - 1] ?? '') > 0 && cells(line) !== cells(lines[index - 1])));
}

test.each(PAGES)('%s has no dead link and no broken list or table', (page) => {
  const text = read(page);

  expect(deadLinks(page, text)).toEqual([]);
  expect(brokenLines(text)).toEqual([]);
});

test('a dead link, an empty list item and a short row are found', () => {
  expect(deadLinks('docs/README.md', '[a](nowhere.md) [b](limits.md#lambda) [c](limits.md#nothing) [d](../README.md)')).toEqual(['nowhere.md', 'limits.md#nothing']);
  expect(brokenLines('These ran:\n*\n`one`\n\n| a | b |\n|---|---|\n| `x | y` |\n| 1 | 2 |')).toEqual(['*', '| code |', '| 1 | 2 |']);
});
