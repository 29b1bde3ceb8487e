// PyPI shows README without the repository: in the assembly, its relative links become addresses of the release's tag.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Returns a page whose relative links and images are addresses below a repository's, at a tag. */
export function absoluteLinks(markdown, repository, tag) {
  return markdown.replace(/(!?)(\[[^\]]*\]\()(?!\w+:|#)([^)\s]+)\)/g, (_, image, text, path) => `${image}${text}${repository}/${image ? 'raw' : 'blob'}/${tag}/${path})`);
}

/** Makes the links of README absolute in the assembly in this directory. */
export function writeAbsoluteLinks(directory) {
  const file = join(directory, '.jsii');
  const assembly = JSON.parse(readFileSync(file, 'utf8'));
  const repository = assembly.repository.url.replace(/\.git$/, '');
  assembly.readme.markdown = absoluteLinks(assembly.readme.markdown, repository, `v${assembly.version}`);
  writeFileSync(file, JSON.stringify(assembly));
}
