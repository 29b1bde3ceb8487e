import { readFileSync } from 'fs';
import { join, resolve } from 'path';
import { firstPage, siteOf } from '../../scripts/docs/pages';

const README = readFileSync(join(resolve(__dirname, '..', '..'), 'README.md'), 'utf8');
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
