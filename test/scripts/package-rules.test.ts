import { readFileSync } from 'fs';
import { join } from 'path';
import { undocumented } from '../../scripts/api/undocumented';
import { constructHubProblems } from '../../scripts/package/construct-hub';
import type { Assembly } from '../../scripts/package/public-api-use';
import { staleFiles } from '../../scripts/package/stale-files';

describe('Construct Hub', () => {
  const assembly = { name: 'library', version: '1.0.0', license: 'Apache-2.0' };
  const manifest = {
    ...assembly, keywords: ['awscdk'], peerDependencies: { 'aws-cdk-lib': '^2.263.0' }, jsii: { targets: { python: {}, java: {}, go: {}, dotnet: {} } },
  };
  const files = ['.jsii', 'LICENSE'];

  test('lists a package that meets its conditions', () => {
    expect(constructHubProblems(manifest, assembly, files)).toEqual([]);
  });

  test.each<[string, Parameters<typeof constructHubProblems>, RegExp]>([
    ['without an assembly', [manifest, assembly, ['LICENSE']], /lacks .jsii/],
    ['without its licence', [manifest, assembly, ['.jsii']], /lacks a file LICENSE/],
    ['built for another version', [manifest, { ...assembly, version: '0.9.0' }, files], /version "0.9.0" in .jsii and "1.0.0"/],
    ['under another licence', [{ ...manifest, license: 'UNLICENSED' }, { ...assembly, license: 'UNLICENSED' }, files], /the licence "UNLICENSED"/],
    ['without the keyword', [{ ...manifest, keywords: ['tensorflow'] }, assembly, files], /must have a keyword of cdk, aws-cdk, awscdk/],
    ['without the framework', [{ ...manifest, peerDependencies: {} }, assembly, files], /the peer aws-cdk-lib/],
    ['in too few languages', [{ ...manifest, jsii: { targets: { python: {}, java: {} } } }, assembly, files], /no jsii target for go, dotnet/],
  ])('does not list a package %s', (_, given, problem) => {
    expect(constructHubProblems(...given)).toEqual([expect.stringMatching(problem)]);
  });
});

test('compiled files whose source was deleted are found', () => {
  const files = ['.jsii', 'cli/dist/cdk-tensorflow.js', 'build/lib/index.js', 'build/lib/index.d.ts', 'build/lib/old/gone.js', 'build/lib/old/gone.d.ts'];

  expect(staleFiles(files, (path) => path === 'lib/index.ts')).toEqual(['build/lib/old/gone.js', 'build/lib/old/gone.d.ts']);
});

test("Yarn's Plug'n'Play unpacks the package, whose files uv and pip read", () => {
  expect(JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8'))).toHaveProperty('preferUnplugged', true);
});

describe('the public API', () => {
  const docs = { summary: 'What it is.' };
  const assembly = (type: Partial<Assembly['types'][string]>): Assembly => ({
    name: 'library', types: { 'library.Thing': { fqn: 'library.Thing', name: 'Thing', kind: 'class', docs, ...type } },
  });

  test('is documented when each part has its sentence', () => {
    expect(undocumented(assembly({ methods: [{ name: 'grant', docs, parameters: [{ name: 'grantee', docs }] }] }))).toEqual([]);
  });

  test.each<[string, Partial<Assembly['types'][string]>, string]>([
    ['a type', { docs: {} }, 'Thing has no sentence'],
    ['a method', { methods: [{ name: 'grant' }] }, 'Thing.grant has no sentence'],
    ['a parameter', { methods: [{ name: 'grant', docs, parameters: [{ name: 'grantee' }] }] }, 'Thing.grant does not say what its parameter grantee is'],
    ['a member of an enum', { kind: 'enum', members: [{ name: 'COPY' }] }, 'Thing.COPY has no sentence'],
    ['an optional property', { kind: 'interface', datatype: true, properties: [{ name: 'size', optional: true, docs }] }, 'Thing.size has no @default'],
  ])('is reported when %s has none', (_, type, problem) => {
    expect(undocumented(assembly(type))).toEqual([problem]);
  });

  test('needs no second sentence for an override', () => {
    expect(undocumented(assembly({ methods: [{ name: 'grant', overrides: 'library.IThing' }] }))).toEqual([]);
  });
});
