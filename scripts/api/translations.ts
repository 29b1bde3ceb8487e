/** Snippets that jsii-rosetta extracted: the text in each language, and the original under `$`. */
export interface Tablet {
  readonly snippets: Record<string, { readonly translations: Record<string, { readonly source: string }> }>;
}

/** The text between these two lines, below a TypeScript example, is generated. */
const BEGIN = '<!-- in other languages -->';
const END = '<!-- end of other languages -->';
const LANGUAGES = { python: 'Python', java: 'Java', go: 'Go' };
const GO_PACKAGE = 'cdktensorflow';

/** Returns a page with the translations of its examples from the tablet. */
export function translated(page: string, tablet: Tablet): string {
  const example = new RegExp(`(\`\`\`ts[^\\n]*\\n((?:(?!\`\`\`)[^])*)\`\`\`\\n\\n)${BEGIN}[^]*?${END}`, 'g');
  if (page.split(BEGIN).length !== [...page.matchAll(example)].length + 1) {
    throw new Error(`${BEGIN} must follow a TypeScript example and an empty line, and be followed by ${END}`);
  }
  return page.replace(example, (_, code: string, source: string) => `${code}${BEGIN}\n\n${translations(source, tablet)}${END}`);
}

function translations(source: string, tablet: Tablet): string {
  const snippet = Object.values(tablet.snippets).find((it) => it.translations.$.source.trim() === source.trim());
  if (!snippet) {
    throw new Error(`jsii-rosetta has no translation of\n${source}`);
  }
  return Object.entries(LANGUAGES).map(([language, title]) => {
    const code = snippet.translations[language].source.trim();
    return `<details><summary>${title}</summary>\n\n\`\`\`${language}\n${language === 'go' ? compilableGo(code) : code}\n\`\`\`\n\n</details>\n\n`;
  }).join('');
}

/**
 * Fixes rosetta's Go: version and runtime in imports, the package's name before structs, omitted optional arguments, and variables where TypeScript
 * uses one word for a variable and a field. `npm run test:packages` compiles the result.
 */
function compilableGo(code: string): string {
  return code
    .replace('import "github.com/aws/aws-cdk-go/awscdk"', 'import "github.com/aws/aws-cdk-go/awscdk/v2"\nimport "github.com/aws/jsii-runtime-go"')
    .replace(/(NewApp|Synth)\(\)/g, '$1(nil)')
    .replace(/((?:NewStack\(\w+, |ModelSource_FromAsset\()jsii\.String\("[^"]*"\))\)/g, '$1, nil)')
    .replace(/&(?=[A-Z]\w*\{)/g, `&${GO_PACKAGE}.`)
    .replace(/^(\s*)([A-Z]\w*): \2,$/gm, (_, indent: string, name: string) => `${indent}${name}: ${name[0].toLowerCase()}${name.slice(1)},`)
    .replace(/^var (\w+) (I\w+)$/gm, '// $1: an $2 of yours');
}
