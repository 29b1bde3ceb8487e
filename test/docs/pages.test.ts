import { readdirSync, readFileSync } from 'fs';
import { join, resolve } from 'path';
import { dirname, normalize } from 'path/posix';
import { firstPage, siteOf } from '../../scripts/docs/pages';

const ROOT = resolve(__dirname, '..', '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const frontmatter = (page: string) => JSON.parse(/^---\n([^]*?)\n---\n/.exec(page)![1]) as { hero: { name: string; tagline: string } };

test('the first page is README, with its title and first sentence above', () => {
  const page = firstPage(README);
  expect(frontmatter(page).hero).toMatchObject({ name: 'cdk-tensorflow', tagline: expect.stringMatching(/^An AWS CDK construct library\./) });
  expect(page).toContain('(docs/images/overview.svg)');
  expect(page).toContain('npm run demo');
  expect(page).not.toMatch(/^# /m);
});

test('a README without a title and a sentence is refused', () => {
  expect(() => firstPage('no title\n')).toThrow('README.md must begin with a title');
});

test('guides stand in the order of their list, under its names, and decisions in that of their numbers', () => {
  const { sidebar, pages } = siteOf({
    pages: {
      'README.md': '# lib\n\nWhat it is.\n\nMore.\n',
      'docs/README.md': '# Guides\n\n[Second](b.md), [First](a.md), [Second again](b.md), [API](../API.md)\n',
      'docs/a.md': '# A\n',
      'docs/b.md': '# B\n',
      'docs/adr/0002-y.md': '# 0002: Y\n',
      'docs/adr/0001-x.md': '# 0001: X\n',
    },
    api: [{ name: 'Thing', group: 'Constructs', summary: '', markdown: '# Thing\n' }],
    repository: { url: 'https://example.com', commit: 'c', isDirectory: () => false },
  });

  expect(sidebar.map(({ text, items }) => [text, items])).toEqual([
    ['Guides', [{ text: 'Second', link: '/guides/b' }, { text: 'First', link: '/guides/a' }]],
    ['API: constructs', [{ text: 'Thing', link: '/api/Thing' }]],
    ['Decisions', [{ text: '0001: X', link: '/adr/0001-x' }, { text: '0002: Y', link: '/adr/0002-y' }]],
  ]);
  expect(Object.keys(pages).sort()).toEqual([
    'adr/0001-x.md', 'adr/0002-y.md', 'api/Thing.md', 'api/index.md', 'guides/a.md', 'guides/b.md', 'guides/index.md', 'index.md',
  ]);
});

describe('the site of this repository', () => {
  const files = ['docs', 'docs/adr'].flatMap((directory) => readdirSync(join(ROOT, directory)).filter((name) => name.endsWith('.md')).map((name) => `${directory}/${name}`));
  const { pages, sidebar } = siteOf({
    pages: Object.fromEntries(['README.md', 'docs/site/try.md', ...files].map((file) => [file, readFileSync(join(ROOT, file), 'utf8')])),
    api: [],
    repository: { url: 'https://example.com/repository', commit: 'c', isDirectory: () => false },
  });

  test('has every guide and every decision in its list', () => {
    const listed = sidebar.flatMap(({ items }) => items.map(({ link }) => `${link.slice(1)}.md`));
    const isListed = (path: string) => /^(guides|adr)\//.test(path) && !path.endsWith('/index.md');
    expect(Object.keys(pages).filter(isListed).sort()).toEqual([...listed].sort());
  });

  test('has a page or an image for each link that does not leave it', () => {
    const links = Object.entries(pages).flatMap(([path, markdown]) => [...markdown.matchAll(/\]\((\.{1,2}\/[^)#\s]+)/g)].map(([, link]) => normalize(`${dirname(path)}/${link}`)));
    const images = readdirSync(join(ROOT, 'docs', 'images'), { recursive: true, encoding: 'utf8' }).map((name) => `images/${name}`);
    expect(links.length).toBeGreaterThan(150);
    expect(links.filter((link) => !(link in pages) && !images.includes(link))).toEqual([]);
  });
});
