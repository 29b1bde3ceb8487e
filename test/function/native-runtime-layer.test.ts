import { execFileSync } from 'child_process';
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { readElf } from '../../lib/bundling/elf-file';
import { PythonBundling } from '../../lib/bundling/python-bundling';
import { bundledBytes } from '../../lib/bundling/python-code';
import { checkSharedObjects } from '../../lib/bundling/shared-objects';
import { hasNativeProgram, nativeRuntimeLayer } from '../../lib/function/native-runtime-layer';
import type * as AssetPaths from '../../lib/private/asset-paths';

/** Directory used as the package. Undefined: the real one. */
let mockPackage: string | undefined;

jest.mock('../../lib/private/asset-paths', () => {
  const { packagePath } = jest.requireActual<typeof AssetPaths>('../../lib/private/asset-paths');
  return { packagePath: (...segments: string[]) => (mockPackage ? [mockPackage, ...segments].join('/') : packagePath(...segments)) };
});

/** Maximum unzipped size of the native runtime's layer, with the program as it is published. */
const MAX_BYTES = 11_000_000;

/** Programs of the development profile, which `npm run setup` compiles because it takes less time; they are larger. */
const unpublished = execFileSync(process.execPath, ['--input-type=module', '--eval', 'import { unpublishedPrograms } from "./scripts/server/programs.mjs"; console.log(unpublishedPrograms().join("\\n"));'], {
  cwd: join(__dirname, '..', '..'), encoding: 'utf8',
}).split('\n');

const machines: [string, lambda.Architecture][] = [['x86_64', lambda.Architecture.X86_64], ['aarch64', lambda.Architecture.ARM_64]];

function layer(architecture: lambda.Architecture): lambda.LayerVersion {
  return nativeRuntimeLayer(new Stack(new App(), 'Stack'), 'Layer', { architecture, bundling: PythonBundling.LOCAL, layerVersionName: 'native', description: 'the native runtime' });
}

describe.each(machines)('for %s', (machine, architecture) => {
  const whenCompiled = hasNativeProgram(architecture) ? test : test.skip;

  const whenPublished = hasNativeProgram(architecture) && !unpublished.includes(`dist/${architecture.name}/bootstrap`) ? test : test.skip;

  whenCompiled('the layer holds the program and LiteRT\'s library, and loads on Amazon Linux 2023', () => {
    const built = layer(architecture);
    const directory = mkdtempSync(join(tmpdir(), 'native-layer-'));
    const archive = resolve((built.node.root as App).outdir, (built.node.findChild('Code') as Asset).assetPath);
    execFileSync('python3', ['-m', 'zipfile', '-e', archive, directory]);

    expect(readElf(join(directory, 'bootstrap'))!.machine).toBe({ x86_64: 62, aarch64: 183 }[machine]);
    expect(() => checkSharedObjects(directory, { architecture } as Parameters<typeof checkSharedObjects>[1])).not.toThrow();
    rmSync(directory, { recursive: true });
  }, 120_000);

  whenPublished('the layer has at most 11 MB', () => {
    const bytes = bundledBytes(layer(architecture));
    expect(bytes).toBeGreaterThan(5_000_000);
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
  }, 120_000);

  whenCompiled('the layer is for that processor and for provided.al2023', () => {
    Template.fromStack(Stack.of(layer(architecture))).hasResourceProperties('AWS::Lambda::LayerVersion', {
      CompatibleArchitectures: [architecture.name], CompatibleRuntimes: ['provided.al2023'],
    });
  }, 120_000);
});

test('a package without the program says how to get it, and what serves without it', () => {
  mockPackage = mkdtempSync(join(tmpdir(), 'empty-'));
  try {
    expect(hasNativeProgram(lambda.Architecture.ARM_64)).toBe(false);
    expect(() => layer(lambda.Architecture.ARM_64))
      .toThrow(/no native runtime for arm64 .*server\/dist\/arm64\/bootstrap is missing.*npm run native -- build --processor arm64.*LiteRtRuntime\.NUMPY/);
  } finally {
    rmSync(mockPackage, { recursive: true });
    mockPackage = undefined;
  }
});
