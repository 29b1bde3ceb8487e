import { headingId, pathInSite, withLinksOfSite } from '../../scripts/docs/links';

const repository = { url: 'https://github.com/owner/name', commit: 'abc123', isDirectory: (path: string) => path === 'examples/clients' };
const rewritten = (markdown: string, page = 'docs/operating.md') => withLinksOfSite(markdown, page, repository);

describe('a link', () => {
  test.each([
    ['to a guide stays among the guides', '[a](limits.md#lambda)', '[a](./limits.md#lambda)'],
    ['to the list of guides', '[a](README.md)', '[a](./index.md)'],
    ['to a decision', '[a](adr/0001-rooms.md)', '[a](../adr/0001-rooms.md)'],
    ['to the API', '[API.md](../API.md)', '[API.md](../api/index.md)'],
    ['to README leads to the first page', '[a](../README.md#status)', '[a](../index.md#status)'],
    ['to an image', '![a](images/overview.svg)', '![a](../images/overview.svg)'],
    ['to a file leads to the repository at the commit', '[a](../lib/index.ts#L3)', '[a](https://github.com/owner/name/blob/abc123/lib/index.ts#L3)'],
    ['to a directory leads to its tree', '[a](../examples/clients/)', '[a](https://github.com/owner/name/tree/abc123/examples/clients)'],
    ['to another page of the repository', '[a](../lab/emulator/README.md)', '[a](https://github.com/owner/name/blob/abc123/lab/emulator/README.md)'],
    ['to another host stays', '[a](https://example.com/a.md)', '[a](https://example.com/a.md)'],
    ['within the page stays', '[a](#here)', '[a](#here)'],
    ['with code as its text', '[`a`](limits.md)', '[`a`](./limits.md)'],
  ])('%s', (_, markdown, expected) => {
    expect(rewritten(markdown)).toBe(expected);
  });

  test('of README and of a decision starts from there', () => {
    expect(rewritten('[a](docs/limits.md) ![b](docs/images/b.svg)', 'README.md')).toBe('[a](./guides/limits.md) ![b](./images/b.svg)');
    expect(rewritten('[a](../security.md#keys) [b](0002-b.md)', 'docs/adr/0001-a.md')).toBe('[a](../guides/security.md#keys) [b](./0002-b.md)');
  });

  test('is none in code', () => {
    const code = 'Write `[a](b.md)`:\n\n```md\n[a](b.md)\n```\n';
    expect(rewritten(code)).toBe(code);
  });
});

test('pages that the site does not show have no path in it', () => {
  expect(['CHANGELOG.md', 'docs/site/package.json', 'lab/emulator/README.md'].map(pathInSite)).toEqual([undefined, undefined, undefined]);
});

test('headings have the ids that GitHub gives them', () => {
  expect(['What AWS charges, and when', 'A `ModelFunction`’s alias', 'Größe – 100 %', 'a_b'].map(headingId)).toEqual(
    ['what-aws-charges-and-when', 'a-modelfunctions-alias', 'größe--100-', 'a_b'],
  );
});
