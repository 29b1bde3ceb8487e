import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ModelFunction, ModelSource } from '../../lib';
import { FLAG_SETS, tfliteFile, UNBUNDLED } from './fixtures';

/** IAM's quotas, in characters without white space: of a role's inline policies together, of one managed policy; and managed policies of a role. */
const INLINE_CHARACTERS = 10_240;
const MANAGED_CHARACTERS = 6_144;
const MANAGED_POLICIES = 10;

/** Number of functions in a stack: more would exceed its 500 resources. */
const FUNCTIONS = 20;

type Resources = Record<string, { Type: string; Properties: any }>;

/** The ARN that a resource will have, as long as CloudFormation makes its names in a stack of forty characters. */
function arnOf(id: string, { Type: type }: { Type: string }): string {
  const here = 'ap-southeast-2:111122223333';
  const name = `${'s'.repeat(40)}-${id}-abcdefghijkl`;
  switch (type) {
    case 'AWS::S3::Bucket': return `arn:aws:s3:::${name.slice(0, 63)}`;
    case 'AWS::CodeBuild::Project': return `arn:aws:codebuild:${here}:project/${id}-abcdefghijkl`;
    case 'AWS::CodeBuild::ReportGroup': return `arn:aws:codebuild:${here}:report-group/${id}-abcdefghijkl`;
    case 'AWS::Logs::LogGroup': return `arn:aws:logs:${here}:log-group:${name}:*`;
    case 'AWS::Lambda::Function': return `arn:aws:lambda:${here}:function:${name.slice(0, 64)}`;
    case 'AWS::StepFunctions::StateMachine': return `arn:aws:states:${here}:stateMachine:${id}-abcdefghijkl`;
    default: throw new Error(`no ARN for ${id}, ${type}`);
  }
}

/** A value of the template as IAM gets it. */
function rendered(value: any, resources: Resources): any {
  if (Array.isArray(value)) {
    return value.map((member) => rendered(member, resources));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if ('Fn::Join' in value) {
    return value['Fn::Join'][1].map((part: unknown) => rendered(part, resources)).join(value['Fn::Join'][0]);
  }
  const id: string | undefined = value['Fn::GetAtt']?.[0] ?? value.Ref;
  if (id === 'AWS::Partition') {
    return 'aws';
  }
  if (id === 'AWS::StackId') {
    return `arn:aws:cloudformation:ap-southeast-2:111122223333:stack/${'s'.repeat(40)}/${'0'.repeat(36)}`;
  }
  return id === undefined
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, rendered(member, resources)])) : arnOf(id, resources[id]);
}

describe.each(FLAG_SETS)('the policies of twenty functions in one stack %s', (_, flags) => {
  const stack = new Stack(new App({ context: { ...flags, ...UNBUNDLED } }), 'Stack', { env: { account: '111122223333', region: 'ap-southeast-2' } });
  for (let index = 1; index <= FUNCTIONS; index++) {
    new ModelFunction(stack, `RecommendationModel${index}`, { model: ModelSource.fromAsset(tfliteFile(`${index}`)) });
  }
  const resources = Template.fromStack(stack).toJSON().Resources as Resources;
  const roles = Object.keys(resources).filter((id) => resources[id].Type === 'AWS::IAM::Role');
  const of = (type: string, role: string): number[] => Object.values(resources)
    .filter(({ Type, Properties }) => Type === type && Properties.Roles?.some(({ Ref }: { Ref: string }) => Ref === role))
    .map(({ Properties }) => JSON.stringify(rendered(Properties.PolicyDocument, resources)).length);

  test('each role\'s inline policies fit IAM\'s quota together', () => {
    const sums = roles.map((role) => [role, of('AWS::IAM::Policy', role).reduce((sum, characters) => sum + characters, 0)]);

    expect(sums.filter(([, characters]) => Number(characters) > INLINE_CHARACTERS)).toEqual([]);
  });

  test('statements that do not fit inline are in managed policies, within their quotas', () => {
    const managed = roles.map((role) => of('AWS::IAM::ManagedPolicy', role));

    expect(managed.flat().filter((characters) => characters > MANAGED_CHARACTERS)).toEqual([]);
    expect(Math.max(...managed.map((policies) => policies.length))).toBeLessThanOrEqual(MANAGED_POLICIES);
  });

  test('the stack has no more resources than CloudFormation allows', () => {
    expect(Object.keys(resources).length).toBeLessThanOrEqual(500);
  });
});
