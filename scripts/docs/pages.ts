import type { ApiPage } from './api-pages';
import { API_GROUPS, apiIndex } from './api-pages';
import type { Repository } from './links';
import { pathInSite, withLinksOfSite } from './links';

export interface SidebarGroup {
  readonly text: string;
  readonly collapsed?: boolean;
  readonly items: readonly { readonly text: string; readonly link: string }[];
}

export interface Site {
  /** Markdown by path in the site. */
  readonly pages: Readonly<Record<string, string>>;
  readonly sidebar: readonly SidebarGroup[];
}

/** The parts of a repository that become a site. */
export interface Sources {
  /** Markdown by path in the repository: README, and all pages below docs. */
  readonly pages: Readonly<Record<string, string>>;
  readonly api: readonly ApiPage[];
  readonly repository: Repository;
}

/** Returns the pages of the site, and the list of them that each page shows. */
export function siteOf({ pages, api, repository }: Sources): Site {
  const written = Object.entries(pages).flatMap(([page, markdown]) => {
    const path = pathInSite(page);
    return path === undefined ? [] : [[path, withLinksOfSite(page === 'README.md' ? firstPage(markdown) : markdown, page, repository)] as const];
  });
  return {
    pages: {
      ...Object.fromEntries(written),
      'api/index.md': apiIndex(api),
      ...Object.fromEntries(api.map(({ name, markdown }) => [`api/${name}.md`, markdown])),
    },
    sidebar: sidebarOf(pages, api),
  };
}

/** Returns README as the first page: its title and first sentence above, with the ways on. */
export function firstPage(readme: string): string {
  const [, title, sentence, body] = /^# (.+)\n\n(.+)\n\n([^]*)$/.exec(readme) ?? [];
  if (body === undefined) {
    throw new Error('README.md must begin with a title, an empty line and a sentence, which the first page of the site shows');
  }
  const frontmatter = {
    layout: 'home',
    titleTemplate: false,
    description: sentence,
    hero: {
      name: title,
      tagline: sentence,
      actions: [
        { theme: 'brand', text: 'Get started', link: '/guides/getting-started' },
        { theme: 'alt', text: 'Try it here', link: '/try' },
        { theme: 'alt', text: 'Choose a path', link: '/guides/choosing-a-path' },
      ],
    },
  };
  // JSON is YAML too.
  return `---\n${JSON.stringify(frontmatter, undefined, 2)}\n---\n\n${body}`;
}

function sidebarOf(pages: Readonly<Record<string, string>>, api: readonly ApiPage[]): SidebarGroup[] {
  return [
    { text: 'Guides', items: linksOf(pages, 'docs/README.md') },
    ...API_GROUPS.filter((group) => api.some((page) => page.group === group)).map((group) => ({
      text: group === 'Constructs' ? 'API: constructs' : `API: ${group.toLowerCase()}`,
      collapsed: group !== 'Constructs',
      items: api.filter((page) => page.group === group).map(({ name }) => ({ text: name, link: `/api/${name}` })),
    })),
    { text: 'Decisions', collapsed: true, items: decisions(pages) },
  ];
}

/** The guides that a table lists, in its order, under the names that it gives them. */
function linksOf(pages: Readonly<Record<string, string>>, page: string): { text: string; link: string }[] {
  const found = [...(pages[page] ?? '').matchAll(/\[([^\]]+)\]\(([\w-]+)\.md\)/g)].map(([, text, name]) => ({ text, link: `/guides/${name}` }));
  return found.filter(({ link }, index) => found.findIndex((other) => other.link === link) === index);
}

/** The decisions by their own titles, in the order of their numbers. */
function decisions(pages: Readonly<Record<string, string>>): { text: string; link: string }[] {
  return Object.keys(pages).filter((page) => /^docs\/adr\/\d+-/.test(page)).sort()
    .map((page) => ({ text: /^# (.+)$/m.exec(pages[page])![1], link: `/${pathInSite(page)!.replace(/\.md$/, '')}` }));
}
