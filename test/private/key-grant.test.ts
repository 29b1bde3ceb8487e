import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelArtifact, ModelFunction, ModelSource } from '../../lib';
import { grantKey } from '../../lib/private/key-grant';
import { emptyStack, modelFunction, tfliteFile, UNBUNDLED } from '../function/fixtures';

const FLAG = '@aws-cdk/aws-kms:applyImportedAliasPermissionsToPrincipal';
const [HERE, THERE] = [{ account: '111122223333', region: 'eu-west-1' }, { account: '222233334444', region: 'eu-west-1' }];

/** Stacks of a tools account, which has a bucket with a key, and of an account that serves. */
function twoAccounts(): { bucket: s3.Bucket; key: kms.Key; serving: Stack } {
  const app = new App({ context: UNBUNDLED });
  const tools = new Stack(app, 'Tools', { env: HERE });
  const key = new kms.Key(tools, 'Key', { alias: 'models' });
  const bucket = new s3.Bucket(tools, 'Models', { bucketName: 'tools-models', versioned: true, encryptionKey: key });
  return { bucket, key, serving: new Stack(app, 'Serving', { env: THERE }) };
}

const model = (scope: Stack, bucket: s3.IBucket) => ModelSource.fromArtifact(
  ModelArtifact.fromBucket(scope, 'Published', { bucket, manifestKey: 'digits-0123abcd/litert/7/manifest.json', lease: false }),
);

describe('a key that the app makes in another account', () => {
  const problem = 'the key "Tools/Key" is made in the account 111122223333 and Region eu-west-1, and its policy cannot name roles of "Serving" (the account 222233334444 and '
    + 'Region eu-west-1), whose names are made when they are deployed. Let the account use the key, e.g. key.grantDecrypt(new iam.AccountPrincipal(…)), and import it here';

  test('is refused for a published model, with the way out', () => {
    const { bucket, serving } = twoAccounts();

    expect(() => new ModelFunction(serving, 'Digits', { model: model(serving, bucket) })).toThrow(problem);
  });

  test('is refused for the source of a model', () => {
    const { bucket, serving } = twoAccounts();

    expect(() => new ModelFunction(serving, 'Digits', { model: ModelSource.fromBucket(bucket, 'models/', { revision: '1' }) })).toThrow(problem);
  });

  test('can be imported, as the error says', () => {
    const { bucket, serving } = twoAccounts();
    const encryptionKey = kms.Key.fromKeyArn(serving, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/11111111');
    const imported = s3.Bucket.fromBucketAttributes(serving, 'Models', { bucketName: bucket.bucketName, encryptionKey });
    new ModelFunction(serving, 'Digits', { model: model(serving, imported) });

    expect(JSON.stringify(Template.fromStack(serving).findResources('AWS::IAM::Policy'))).toContain('arn:aws:kms:eu-west-1:111122223333:key/11111111');
  });

  test('may name a role whose name is given', () => {
    const { key, serving } = twoAccounts();
    grantKey(key, new iam.Role(serving, 'Reader', { roleName: 'reader', assumedBy: new iam.AccountRootPrincipal() }), 'kms:Decrypt');

    expect(JSON.stringify(Template.fromStack(Stack.of(key)).findResources('AWS::KMS::Key'))).toContain(':role/reader');
  });
});

describe('a key that is given by its alias', () => {
  const warningsOf = (key: (stack: Stack) => kms.IKey, flags = {}) => {
    const stack = emptyStack(flags);
    modelFunction(stack, { model: ModelSource.fromAsset(tfliteFile()), encryptionKey: key(stack) });
    return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('the key is given by its alias')).map(({ entry }) => entry.data);
  };

  test.each<[string, (stack: Stack) => kms.IKey]>([
    ['by name', (stack) => kms.Alias.fromAliasName(stack, 'Key', 'alias/models')],
    ['as the ARN of a key', (stack) => kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:alias/models')],
  ])('imported %s is one warning, because no role gets a permission for it', (_, key) => {
    expect(warningsOf(key)).toEqual([expect.stringContaining('the key is given by its alias "alias/models", for which the CDK gives roles no permissions')]);
  });

  test.each<[string, (stack: Stack) => kms.IKey, Record<string, unknown>]>([
    ['with the feature flag that has the CDK grant it', (stack) => kms.Alias.fromAliasName(stack, 'Key', 'alias/models'), { [FLAG]: true }],
    ['of the app', (stack) => new kms.Key(stack, 'Key').addAlias('models'), {}],
    ['that AWS manages', (stack) => kms.Alias.fromAliasName(stack, 'Key', 'alias/aws/s3'), {}],
  ])('%s is no warning', (_, key, flags) => {
    expect(warningsOf(key, flags)).toEqual([]);
  });
});
