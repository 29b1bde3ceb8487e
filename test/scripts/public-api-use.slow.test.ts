import { mkdirSync, mkdtempSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { Assembly } from '../../scripts/package/public-api-use';
import { inspectProgram } from '../../scripts/package/public-api-use';

const DECLARATIONS = `
export interface IEndpoint { metricErrors(): string; }
export interface Options { readonly size?: number; }
export interface EndpointProps extends Options { readonly name: string; }
export declare class Endpoint implements IEndpoint {
  constructor(props: EndpointProps);
  metricErrors(): string;
  grantInvoke(): void;
}
export declare class Source {
  private constructor();
  static readonly EMPTY: Source;
  static fromAsset(path: string): Source;
}
export declare enum Storage { MOUNTED = 'mounted', COPIED = 'copied' }
`;

const ASSEMBLY: Assembly = {
  name: 'library',
  types: {
    'library.IEndpoint': { fqn: 'library.IEndpoint', name: 'IEndpoint', kind: 'interface', methods: [{ name: 'metricErrors' }] },
    'library.Options': { fqn: 'library.Options', name: 'Options', kind: 'interface', datatype: true, properties: [{ name: 'size' }] },
    'library.EndpointProps': { fqn: 'library.EndpointProps', name: 'EndpointProps', kind: 'interface', datatype: true, interfaces: ['library.Options'] },
    'library.Endpoint': {
      fqn: 'library.Endpoint', name: 'Endpoint', kind: 'class', initializer: {}, interfaces: ['library.IEndpoint'],
      methods: [{ name: 'metricErrors' }, { name: 'grantInvoke' }],
    },
    'library.Source': { fqn: 'library.Source', name: 'Source', kind: 'class', methods: [{ name: 'fromAsset' }], properties: [{ name: 'EMPTY', static: true }] },
    'library.Storage': { fqn: 'library.Storage', name: 'Storage', kind: 'enum', members: [{ name: 'MOUNTED' }, { name: 'COPIED' }] },
  },
};

/** Returns the report on a program that imports all of the library. */
function inspect(program: string) {
  const directory = mkdtempSync(join(tmpdir(), 'program-'));
  const library = join(directory, 'node_modules', 'library');
  mkdirSync(library, { recursive: true });
  writeFileSync(join(library, 'package.json'), '{"name": "library", "types": "index.d.ts"}');
  writeFileSync(join(library, 'index.d.ts'), DECLARATIONS);
  writeFileSync(join(directory, 'package.json'), '{"name": "program"}');
  writeFileSync(join(directory, 'app.ts'), `import * as library from 'library';\n${program}`);
  return inspectProgram(ASSEMBLY, join(directory, 'app.ts'));
}

const EVERYTHING = [
  'const endpoint = new library.Endpoint({ name: String(library.Source.EMPTY) });',
  'endpoint.grantInvoke();',
  '(endpoint as library.IEndpoint).metricErrors();',
  'library.Source.fromAsset("model");',
  'console.log(library.Storage.MOUNTED);',
  'console.log(library.Storage.COPIED);',
];

const without = (text: string) => EVERYTHING.filter((line) => !line.includes(text)).join('\n');

describe('a program\'s use of the library', () => {
  test('is complete if it has each constructor, method, constant, member, interface and struct', () => {
    expect(inspect(EVERYTHING.join('\n'))).toEqual({ errors: [], unused: [] });
  });

  test.each([
    ['grantInvoke', ['Endpoint.grantInvoke']],
    ['fromAsset', ['Source.fromAsset']],
    ['COPIED', ['Storage.COPIED']],
    // Called through the interface, so it counts for the class too.
    ['metricErrors', ['Endpoint.metricErrors', 'IEndpoint', 'IEndpoint.metricErrors']],
  ])('lacks %s when the line with it is missing', (text, unused) => {
    expect(inspect(without(text)).unused).toEqual(unused);
  });

  test('lacks a constructor, its struct, the struct\'s base and a constant', () => {
    expect(inspect('let endpoint!: library.IEndpoint;\nendpoint.metricErrors();').unused)
      .toEqual(['Endpoint', 'Endpoint.grantInvoke', 'EndpointProps', 'Options', 'Source.EMPTY', 'Source.fromAsset', 'Storage.COPIED', 'Storage.MOUNTED']);
  });

  test('does not count another thing of the same name', () => {
    expect(inspect(`${without('fromAsset')}\nclass Source { static fromAsset() { return 1; } }\nSource.fromAsset();`).unused).toEqual(['Source.fromAsset']);
  });

  test('comes with the errors of a program that does not compile', () => {
    expect(inspect('const path: number = library.Source.fromAsset(1);').errors).toEqual([
      "Type 'Source' is not assignable to type 'number'.", "Argument of type 'number' is not assignable to parameter of type 'string'.",
    ]);
  });
});
