// The site of the documentation. scripts/docs/site.ts writes its pages, so nothing here knows what they say.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { headingId } from '../../../scripts/docs/links.ts';
import { withPolicy } from '../../../scripts/docs/policy.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { sidebar, repository, version } = JSON.parse(readFileSync(`${root}.tools/docs/site.json`, 'utf8'));

export default defineConfig({
  title: 'cdk-tensorflow',
  description: 'Optimizes a TensorFlow model, checks that its predictions still hold, and deploys it to AWS Lambda, EKS or EC2',
  lang: 'en',
  srcDir: `${root}.tools/docs/pages`,
  outDir: `${root}dist/docs`,
  cacheDir: `${root}.tools/docs/cache`,
  // The same bytes for the same commit.
  lastUpdated: false,
  // The largest file is the index of the search, which a page loads when a reader searches.
  vite: { build: { target: 'es2022', chunkSizeWarningLimit: 4096 } },
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    // Anchors of the guides are those of GitHub.
    anchor: { slugify: headingId },
    headers: { slugify: headingId },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      { text: 'Guides', link: '/guides/' },
      { text: 'API', link: '/api/' },
      { text: 'Try it here', link: '/try' },
      { text: version, link: `${repository}/blob/HEAD/CHANGELOG.md` },
    ],
    sidebar,
    socialLinks: [{ icon: 'github', link: repository }],
    footer: { message: 'Licensed under Apache-2.0' },
  },
  transformHtml: (html) => withPolicy(html),
});
