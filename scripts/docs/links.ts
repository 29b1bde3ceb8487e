import { dirname, normalize, relative } from 'path/posix';

/** Target of links that leave the site. */
export interface Repository {
  /** Address of the repository, without a slash at its end. */
  readonly url: string;
  readonly commit: string;
  /** Tells a directory from a file; both are paths in the repository. */
  readonly isDirectory: (path: string) => boolean;
}

/** Code, in which nothing is a link or an element: fenced blocks, and code in sentences. */
export const CODE = /(^ *```[^]*?^ *```$|`[^`\n]*`)/gm;

/** Returns the path that a page or picture of the repository has in the site, or undefined for all that the site does not show. */
export function pathInSite(path: string): string | undefined {
  const [, guide] = /^docs\/([\w-]+)\.md$/.exec(path) ?? [];
  if (path === 'README.md') {
    return 'index.md';
  }
  if (path === 'API.md') {
    return 'api/index.md';
  }
  if (guide !== undefined) {
    return guide === 'README' ? 'guides/index.md' : `guides/${guide}.md`;
  }
  if (path === 'docs/site/try.md') {
    return 'try.md';
  }
  const [, decision] = /^docs\/adr\/([\w-]+)\.md$/.exec(path) ?? [];
  if (decision !== undefined) {
    return decision === 'README' ? 'adr/index.md' : `adr/${decision}.md`;
  }
  return path.startsWith('docs/images/') ? path.slice('docs/'.length) : undefined;
}

/**
 * Returns a page of the repository with the links that it needs in the site: to a page of the site, or else to the file in the repository, as it
 * was at the commit.
 */
export function withLinksOfSite(markdown: string, page: string, repository: Repository): string {
  const here = dirname(pathInSite(page)!);
  const link = (target: string): string => {
    const [path, anchor] = target.split('#');
    if (/^\w+:/.test(target) || path === '') {
      return target;
    }
    const file = normalize(`${dirname(page)}/${path}`).replace(/\/$/, '');
    const fragment = anchor === undefined ? '' : `#${anchor}`;
    const inSite = pathInSite(file);
    if (inSite !== undefined) {
      const local = relative(here, inSite);
      return `${local.startsWith('.') ? local : `./${local}`}${fragment}`;
    }
    return `${repository.url}/${repository.isDirectory(file) ? 'tree' : 'blob'}/${repository.commit}/${file}${fragment}`;
  };
  return markdown.split(CODE)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/\]\(([^)\s]+)\)/g, (_, target: string) => `](${link(target)})`)))
    .join('');
}

/** Returns the id that GitHub gives to a heading, so that an anchor of a guide leads to the same place in the site. */
export function headingId(title: string): string {
  return title.trim().toLowerCase().replace(/[^\p{Letter}\p{Number}_\- ]/gu, '').replaceAll(' ', '-');
}
