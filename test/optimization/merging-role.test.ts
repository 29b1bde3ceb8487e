import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { MergingRole } from '../../lib/optimization/merging-role';

/** The statements of a role that is granted others one after the other. */
function granted(...statements: iam.PolicyStatementProps[]): any[] {
  const stack = new Stack(new App(), 'Stack');
  const role = new MergingRole(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  statements.forEach((props) => role.addToPrincipalPolicy(new iam.PolicyStatement(props)));
  const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
  return policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
}

const objects = (name: string) => `arn:aws:s3:::${name}/*`;
const read = (...names: string[]): iam.PolicyStatementProps => ({ actions: ['s3:GetObject'], resources: names.map(objects) });
const list = (bucket: string, prefix: string): iam.PolicyStatementProps => ({
  actions: ['s3:ListBucket'], resources: [`arn:aws:s3:::${bucket}`], conditions: { StringLike: { 's3:prefix': [prefix] } },
});
const withToken = (value: string): iam.PolicyStatementProps => ({
  ...read(value), conditions: { StringEquals: { 'aws:a': Lazy.any({ produce: () => value }) } },
});

test('permissions that differ in their resources only become one statement', () => {
  expect(granted(read('one'), read('two'), read('two', 'three'))).toEqual([
    { Effect: 'Allow', Action: 's3:GetObject', Resource: ['one', 'two', 'three'].map(objects) },
  ]);
});

test('permissions to list one bucket become one statement with all prefixes', () => {
  expect(granted(list('one', 'a/*'), list('one', 'b/*'), list('one', 'b/*'))).toEqual([
    { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::one', Condition: { StringLike: { 's3:prefix': ['a/*', 'b/*'] } } },
  ]);
});

test.each<[string, iam.PolicyStatementProps, iam.PolicyStatementProps]>([
  ['to list other prefixes of another bucket', list('one', 'a/*'), list('two', 'b/*')],
  ['for other actions', read('one'), { ...read('two'), actions: ['s3:PutObject'] }],
  ['with a condition', read('one'), { ...read('two'), conditions: { Bool: { 'aws:SecureTransport': 'true' } } }],
  ['with another condition', { ...read('one'), conditions: { StringEquals: { 'aws:a': 'b' } } }, { ...read('two'), conditions: { StringEquals: { 'aws:a': 'c' } } }],
  ['to list prefixes under a further condition', list('one', 'a/*'), {
    ...list('one', 'b/*'), conditions: { StringLike: { 's3:prefix': ['b/*'] }, StringEquals: { 'aws:a': 'b' } },
  }],
  ['with a token as condition, whose value nobody knows', withToken('one'), withToken('two')],
  ['that are denied', read('one'), { ...read('two'), effect: iam.Effect.DENY }],
  ['with an id of their own', read('one'), { ...read('two'), sid: 'Two' }],
])('a permission %s stays a statement of its own', (_, first, second) => {
  expect(granted(first, second)).toHaveLength(2);
});

test('a statement has at most ten resources, so that IAM\'s policies can be split between statements', () => {
  const names = Array.from({ length: 21 }, (_, index) => `bucket${index}`);

  expect(granted(...names.map((name) => read(name))).map(({ Resource }) => [Resource].flat().length)).toEqual([10, 10, 1]);
});

test('whoever waits for a merged permission waits for the policy that has it', () => {
  const stack = new Stack(new App(), 'Stack');
  const role = new MergingRole(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  const [first, second] = ['one', 'two'].map((name) => role.addToPrincipalPolicy(new iam.PolicyStatement(read(name))));

  expect(second).toEqual({ statementAdded: true, policyDependable: first.policyDependable });
});
