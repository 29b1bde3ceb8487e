import { appendFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelFormat } from '../../lib';
import { DeliveryFunctions } from '../../lib/delivery/delivery-functions';
import { rolloutFunction, rolloutLogGroup } from '../../lib/endpoint/rollout-function';
import { VersionPruning } from '../../lib/optimization/artifact/version-pruning';
import { BuildProvider } from '../../lib/optimization/build/build-provider';
import { optimizerCode } from '../../lib/optimization/build/optimization-project';

const SHARED = join('runtime', 'shared', 'src', 'cdk_tensorflow_shared');
const mockRoot = mkdtempSync(join(tmpdir(), 'package-'));

jest.mock('../../lib/private/asset-paths', () => ({ packagePath: (...segments: string[]) => join(mockRoot, ...segments) }));

beforeAll(() => {
  for (const name of ['runtime', 'optimizer']) {
    cpSync(name, join(mockRoot, name), { recursive: true, filter: (path) => !/[\\/](tests|__pycache__)$/.test(path) });
  }
});

afterAll(() => rmSync(mockRoot, { recursive: true }));

/** The hash of each asset, by the directory of its program. */
function hashes(): Record<string, string> {
  const app = new App();
  const stack = new Stack(app, 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  BuildProvider.of(stack);
  new DeliveryFunctions(stack, 'Delivery', ['Serving']).createParameters([{ id: 'Source', name: '/source', value: 'none', description: 'The source' }]);
  rolloutFunction(stack, { description: 'Waits', logGroup: rolloutLogGroup(stack) });
  new VersionPruning(stack, 'Pruning', {
    retention: {}, bucket: new s3.Bucket(stack, 'Bucket'), keyPrefix: 'digits', modelName: 'digits', format: ModelFormat.LITERT, parameterNames: [],
  });
  const optimizer = optimizerCode(stack, lambda.Architecture.X86_64).assetHash;
  const functions = Template.fromStack(stack).findResources('AWS::Lambda::Function', { Properties: { Runtime: 'python3.13' } });
  const found = Object.values(functions).map(({ Properties }) => Properties.Code.S3Key.replace('.zip', '') as string);
  const named = [...new Set(found)].map((hash) => {
    const [program] = readdirSync(join(app.outdir, `asset.${hash}`)).filter((name) => !['index.py', 'cdk_tensorflow_shared'].includes(name));
    return [program, hash];
  });
  return { ...Object.fromEntries(named), tensorflow_optimizer: optimizer };
}

/** The programs that import the shared package. */
function users(): string[] {
  const sources = ['optimizer', ...readdirSync('runtime').map((name) => join('runtime', name))].map((room) => join(room, 'src')).filter((source) => existsSync(source));
  return sources.flatMap((source) => readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.endsWith('.py') && /^from cdk_tensorflow_shared/m.test(readFileSync(join(entry.parentPath, entry.name), 'utf8')))
    .map((entry) => join(entry.parentPath, entry.name).slice(source.length + 1).split(/[\\/]/)[0]));
}

test('a byte that is changed in the shared package changes the asset of every program that imports it', () => {
  const before = hashes();
  expect(Object.keys(before).sort()).toEqual([...new Set(users())].sort());

  appendFileSync(join(mockRoot, SHARED, 'build_key.py'), '\n');

  const after = hashes();
  expect(Object.keys(after).filter((program) => after[program] !== before[program]).sort()).toEqual(Object.keys(before).sort());
  appendFileSync(join(mockRoot, 'runtime', 'rollout_waiter', 'src', 'index.py'), '\n');
  expect(Object.entries(hashes()).filter(([program, hash]) => after[program] !== hash).map(([program]) => program)).toEqual(['rollout_waiter']);
});
