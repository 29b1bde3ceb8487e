import { createHash } from 'crypto';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ELF_MACHINES, readElf } from '../../lib/bundling/elf-file';
import type * as AssetPaths from '../../lib/private/asset-paths';
import { checkLiteRtServer, liteRtServer } from '../../lib/serving/litert-server';

/** Directory used as the package. Undefined: the real one. */
let mockPackage: string | undefined;

jest.mock('../../lib/private/asset-paths', () => {
  const { packagePath } = jest.requireActual<typeof AssetPaths>('../../lib/private/asset-paths');
  return { packagePath: (...segments: string[]) => (mockPackage ? [mockPackage, ...segments].join('/') : packagePath(...segments)) };
});

const machines: [string, lambda.Architecture][] = [['x86_64', lambda.Architecture.X86_64], ['aarch64', lambda.Architecture.ARM_64]];

describe.each(machines)('the LiteRT server for %s', (machine, architecture) => {
  const whenCompiled = checkLiteRtServer(architecture).length === 0 ? test : test.skip;

  whenCompiled('is a program and a library, each uploaded as one file whose digest is known', () => {
    const stack = new Stack(new App(), 'Stack');

    const { program, library } = liteRtServer(stack, architecture);

    const files = uploadedFiles(stack);
    for (const binary of [program, library]) {
      const [path] = files.filter((file) => createHash('sha256').update(readFileSync(file)).digest('hex') === binary.sha256);
      expect(readElf(path)!.machine).toBe(ELF_MACHINES[machine]);
      expect(stack.resolve(binary.bucket.bucketName)).toEqual({ 'Fn::Sub': expect.stringContaining('assets') });
    }
    expect(program.key).not.toBe(library.key);
    expect(files).toHaveLength(2);
  }, 120_000);

  whenCompiled('is uploaded once for a stack', () => {
    const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack');

    expect(liteRtServer(new Stack(stack, 'Nested'), architecture)).not.toBe(liteRtServer(stack, architecture));
    expect(liteRtServer(stack, architecture)).toBe(liteRtServer(stack, architecture));
  });

  whenCompiled('has a library of no digest where nothing is bundled, so that nothing unverified could be taken for it', () => {
    const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack');

    expect(liteRtServer(stack, architecture).library.sha256).toBe('0'.repeat(64));
    expect(liteRtServer(stack, architecture).program.sha256).toMatch(/^[0-9a-f]{64}$/);
  });
});

test('a package without the program says how to get it, and what serves without it', () => {
  mockPackage = mkdtempSync(join(tmpdir(), 'empty-'));
  try {
    expect(checkLiteRtServer(lambda.Architecture.ARM_64)).toEqual([
      expect.stringMatching(/for arm64 .*server\/dist\/arm64\/model_server is missing.*npm run native -- build --processor arm64.*TENSORFLOW_SERVING/),
    ]);
  } finally {
    rmSync(mockPackage, { recursive: true });
    mockPackage = undefined;
  }
});

/** Paths of what is uploaded, without the template. */
function uploadedFiles(stack: Stack): string[] {
  Template.fromStack(stack);
  const outdir = (stack.node.root as App).outdir;
  const { files } = JSON.parse(readFileSync(join(outdir, `${stack.artifactId}.assets.json`), 'utf8'));
  return Object.values<any>(files).map(({ source }) => source).filter(({ path }) => !path.endsWith('.template.json')).map(({ path, packaging }) => {
    expect(packaging).toBe('file');
    return resolve(outdir, path);
  });
}
