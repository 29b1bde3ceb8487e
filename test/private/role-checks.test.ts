import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ModelOptimizer, ModelSource } from '../../lib';
import { fleet } from '../fleet/fixtures';
import { modelFunction, UNBUNDLED } from '../function/fixtures';
import { DIGITS, modelService } from '../kubernetes/fixtures';

const env = { account: '123456789012', region: 'us-east-1' };

/** A role, and another stack to use it in. */
function roleOfAnotherStack(): { stack: Stack; role: iam.Role } {
  const app = new App({ context: UNBUNDLED });
  const role = new iam.Role(new Stack(app, 'Roles', { env }), 'Shared', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
  return { stack: new Stack(app, 'Serving', { env }), role };
}

const model = ModelSource.fromAsset(DIGITS);
const users: [string, string, (stack: Stack, role: iam.IRole) => unknown][] = [
  ['ModelOptimizer', 'buildRole', (stack, buildRole) => new ModelOptimizer(stack, 'Digits', { model, buildRole })],
  ['ModelFunction', 'role', (stack, role) => modelFunction(stack, { model, role })],
  ['ModelService', 'role', (stack, role) => modelService(stack, { model, role })],
  ['ModelFleet', 'role', (stack, role) => fleet({ role }, stack)],
];

describe.each(users)('%s', (_, property, use) => {
  test(`refuses a role of another stack as ${property}, with the way out`, () => {
    const { stack, role } = roleOfAnotherStack();

    expect(() => use(stack, role)).toThrow(
      new RegExp(`${property} must not be a role that another stack creates, got "Roles/Shared".*Give iam\\.Role\\.fromRoleArn\\(this, 'Role', role\\.roleArn\\)`),
    );
  });

  test('takes that role by the way out, and adds the permissions to it in a policy of its own stack', () => {
    const { stack, role } = roleOfAnotherStack();

    use(stack, iam.Role.fromRoleArn(stack, 'Role', role.roleArn));

    const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    expect(policies.filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('Shared'))).not.toHaveLength(0);
  });
});
