/** The part of package.json that matters here. */
export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly keywords?: string[];
  readonly peerDependencies?: Record<string, string>;
  readonly jsii?: { readonly targets?: Record<string, unknown> };
}

const FRAMEWORK_KEYWORDS = ['cdk', 'aws-cdk', 'awscdk'];
const LICENSES = ['Apache-2.0', 'MIT', 'BSD-2-Clause', 'BSD-3-Clause', 'EPL-2.0', 'MPL-2.0', 'ISC', 'CDDL-1.0'];
const LANGUAGES = ['python', 'java', 'go', 'dotnet'];

/**
 * Returns why Construct Hub would not list a package, or not in every language.
 *
 * @param manifest its package.json
 * @param assembly its .jsii
 * @param files paths in the package
 * @see https://github.com/cdklabs/construct-hub/blob/main/src/package-sources/npmjs/npm-js-follower.lambda.ts
 */
export function constructHubProblems(manifest: PackageManifest, assembly: { name: string; version: string; license: string }, files: string[]): string[] {
  const problems: string[] = [];
  if (!files.includes('.jsii')) {
    problems.push('lacks .jsii, by which Construct Hub knows that it is a construct library');
  }
  if (!files.some((file) => /^LICENSE(\.md|\.txt)?$/.test(file))) {
    problems.push('lacks a file LICENSE');
  }
  for (const field of ['name', 'version', 'license'] as const) {
    if (assembly[field] !== manifest[field]) {
      problems.push(`has ${field} ${JSON.stringify(assembly[field])} in .jsii and ${JSON.stringify(manifest[field])} in package.json: build it again`);
    }
  }
  if (!LICENSES.includes(manifest.license)) {
    problems.push(`has the licence ${JSON.stringify(manifest.license)}, and Construct Hub lists ${LICENSES.join(', ')}`);
  }
  if (!manifest.keywords?.some((keyword) => FRAMEWORK_KEYWORDS.includes(keyword)) || manifest.peerDependencies?.['aws-cdk-lib'] === undefined) {
    problems.push(`must have a keyword of ${FRAMEWORK_KEYWORDS.join(', ')} and the peer aws-cdk-lib, by which Construct Hub knows its framework`);
  }
  const missing = LANGUAGES.filter((language) => manifest.jsii?.targets?.[language] === undefined);
  return missing.length ? [...problems, `has no jsii target for ${missing.join(', ')}`] : problems;
}
