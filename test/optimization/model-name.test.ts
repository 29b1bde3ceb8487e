import { App, Aws, CfnParameter, NestedStack, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { SERVER_PREFIX } from '../../lib/optimization/build/server-image';
import { checkArtifactPrefix, checkModelName, defaultModelName, modelPrefix } from '../../lib/optimization/model-name';

const env = { account: '111122223333', region: 'eu-west-1' };

function prefixOf(options: { env?: typeof env; stackName?: string; id?: string; stackId?: string } = {}): string {
  const stack = new Stack(new App(), options.stackId ?? 'Stack', { env: options.env, stackName: options.stackName });
  return stack.resolve(modelPrefix(new Construct(stack, options.id ?? 'Model'), 'digits'));
}

test.each([
  ['Digits', 'digits'], ['MyModel_2', 'mymodel-2'], ['--a..b--', 'a-b'], ['x'.repeat(80), 'x'.repeat(63)], [`${'x'.repeat(62)}_y`, 'x'.repeat(62)],
])('the name of %s is %s', (id, name) => {
  expect(defaultModelName(id)).toBe(name);
  expect(checkModelName(name)).toEqual([]);
});

test.each(['half_plus_two', 'Digits', '9', '_a', 'resnet-v1.5', 'A.b_c-D'])('the name %j, which TensorFlow Serving accepts, is accepted', (name) => {
  expect(checkModelName(name)).toEqual([]);
});

test.each(['', 'a/b', 'a:b', 'a b', 'a%b', '-a', 'a-', '.', '..', '.a', 'a.', 'x'.repeat(64), 'ä'])('the name %j is refused', (name) => {
  expect(checkModelName(name)).toEqual([expect.stringContaining('at most 63 letters, digits, underscores, hyphens and dots')]);
});

test('an id without a letter gives no name', () => {
  expect(checkModelName(defaultModelName('___'))).toHaveLength(1);
});

test('a token is accepted as a name', () => {
  expect(checkModelName(new CfnParameter(new Stack(), 'Name').valueAsString)).toEqual([]);
});

test.each(['digits-0123abcd', 'digits-0123abcd-111122223333-eu-west-1', 'A_1', 'x'.repeat(128)])('the artifactPrefix %j is accepted', (prefix) => {
  expect(checkArtifactPrefix(prefix)).toEqual([]);
});

test.each(['', 'a/b', '-a', 'a*', 'ä', 'a.b', 'x'.repeat(129)])('the artifactPrefix %j is refused', (prefix) => {
  expect(checkArtifactPrefix(prefix)).toEqual([expect.stringContaining('at most 128 letters, digits, hyphens and underscores')]);
});

test('the artifactPrefix for published servers is refused', () => {
  expect(SERVER_PREFIX).toMatch(/^shared\//);
  expect(checkArtifactPrefix('shared')).toEqual([expect.stringContaining('artifactPrefix must not be "shared"')]);
});

describe('the prefix', () => {
  test('is the name and eight characters if account and Region are known', () => {
    expect(prefixOf({ env })).toMatch(/^digits-[0-9a-f]{8}$/);
  });

  test('is the same in every synthesis', () => {
    expect(prefixOf({ env })).toBe(prefixOf({ env }));
    expect(prefixOf()).toEqual(prefixOf());
  });

  test.each([
    { env: { ...env, account: '444455556666' } }, { env: { ...env, region: 'us-east-1' } }, { env, stackName: 'Other' }, { env, id: 'Other' },
  ])('differs for another account, Region, stack or construct', (options) => {
    expect(prefixOf(options)).not.toBe(prefixOf({ env }));
  });

  test('contains the account and Region of the deployment if they are not known', () => {
    expect(prefixOf()).toEqual({
      'Fn::Join': ['', [expect.stringMatching(/^digits-[0-9a-f]{8}-$/), { Ref: 'AWS::AccountId' }, '-', { Ref: 'AWS::Region' }]],
    });
    expect(prefixOf({ env: { account: env.account, region: Aws.REGION } })).toEqual(expect.objectContaining({ 'Fn::Join': expect.anything() }));
  });

  test('does not depend on the number of earlier tokens', () => {
    const before = prefixOf();
    for (let index = 0; index < 50; index++) {
      new CfnParameter(new Stack(), 'P').valueAsString.toString();
    }

    expect(prefixOf()).toEqual(before);
  });

  test('in a nested stack depends on the parent stack that has a name', () => {
    const named = (stackName: string) => {
      const nested = new NestedStack(new Stack(new App(), 'Stack', { env, stackName }), 'Nested');
      return modelPrefix(new Construct(nested, 'Model'), 'digits');
    };

    expect(named('One')).toMatch(/^digits-[0-9a-f]{8}$/);
    expect(named('One')).not.toBe(named('Two'));
  });
});
