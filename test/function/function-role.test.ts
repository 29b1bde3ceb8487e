import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { emptyStack, modelFunction, resourceOf } from './fixtures';

const FUNCTION = 'AWS::Lambda::Function';

const ownStatements = (stack: Stack) => resourceOf(stack, 'AWS::IAM::Role', 'Digits').properties.Policies.flatMap(({ PolicyDocument }: any) => PolicyDocument.Statement);

describe('role', () => {
  test('can write to the function\'s own log group and nothing more', () => {
    const stack = emptyStack();

    modelFunction(stack);

    const role = resourceOf(stack, 'AWS::IAM::Role', 'Digits');
    expect(role.properties.ManagedPolicyArns).toBeUndefined();
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter((id) => id.startsWith('DigitsRole'))).toEqual([]);
    expect(ownStatements(stack)).toEqual([{
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Effect: 'Allow',
      Resource: { 'Fn::GetAtt': [resourceOf(stack, 'AWS::Logs::LogGroup', 'Digits').id, 'Arn'] },
    }]);
  });

  test('can also join the VPC if there is one, and still reads nothing', () => {
    const stack = emptyStack();

    modelFunction(stack, { vpc: new ec2.Vpc(stack, 'Vpc') });

    expect(ownStatements(stack).slice(1).map(({ Action, Resource }: any) => [Action, Resource])).toEqual([
      [
        ['ec2:AssignPrivateIpAddresses', 'ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', 'ec2:UnassignPrivateIpAddresses'],
        stack.resolve(stack.formatArn({ service: 'ec2', resource: '*', resourceName: '*' })),
      ],
      [['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'], '*'],
    ]);
    expect(resourceOf(stack, 'AWS::IAM::Role', 'Digits').properties.ManagedPolicyArns).toBeUndefined();
  });

  test('may be named by the policy of the key that encrypts the user\'s log group', () => {
    const stack = emptyStack();
    const key = new kms.Key(stack, 'Key');

    const { lambdaFunction } = modelFunction(stack, { logGroup: new logs.LogGroup(stack, 'Logs', { encryptionKey: key }), vpc: new ec2.Vpc(stack, 'Vpc') });
    key.addToResourcePolicy(new iam.PolicyStatement({ actions: ['kms:Decrypt'], principals: [lambdaFunction.role!], resources: ['*'] }));

    const [policy] = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter(([id]) => id.startsWith('DigitsRole'));
    expect(policy[1].Properties.PolicyDocument.Statement.flatMap(({ Action }: any) => Action))
      .toEqual(expect.arrayContaining(['logs:PutLogEvents', 'ec2:CreateNetworkInterface']));
    expect(resourceOf(stack, 'AWS::IAM::Role', 'Digits').properties.Policies).toEqual([]);
    expect(resourceOf(stack, FUNCTION, 'Digits').resource.DependsOn).toContain(policy[0]);
  });

  test('gets what is granted to the endpoint', () => {
    const stack = emptyStack();

    new s3.Bucket(stack, 'Bucket').grantRead(modelFunction(stack));

    const [policy] = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter(([id]) => id.startsWith('DigitsRole'));
    expect(policy[1].Properties.PolicyDocument.Statement[0].Action).toContain('s3:GetObject*');
  });

  test('given by the user gets the same permissions, and no other role is created', () => {
    const stack = emptyStack();
    const role = new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });

    modelFunction(stack, { role });

    expect(Object.keys(Template.fromStack(stack).findResources('AWS::IAM::Role')).filter((id) => id.startsWith('Digits'))).toEqual([]);
    expect(resourceOf(stack, 'AWS::IAM::Policy', 'Mine').properties.PolicyDocument.Statement).toHaveLength(1);
  });

  test('the function waits for permissions that its role gets later', () => {
    const stack = emptyStack();
    const bucket = new s3.Bucket(stack, 'Bucket');

    bucket.grantRead(modelFunction(stack).alias);

    expect(resourceOf(stack, FUNCTION, 'Digits').resource.DependsOn).toContain(resourceOf(stack, 'AWS::IAM::Policy', 'DigitsRole').id);
  });
});

describe('grants', () => {
  test('grantInvoke allows the alias and nothing else', () => {
    const stack = emptyStack();
    const user = new iam.User(stack, 'Caller');

    const endpoint = modelFunction(stack);
    endpoint.grantInvoke(user);

    expect(resourceOf(stack, 'AWS::IAM::Policy', 'Caller').properties.PolicyDocument.Statement).toEqual([
      { Action: 'lambda:InvokeFunction', Effect: 'Allow', Resource: stack.resolve(endpoint.alias.functionArn) },
    ]);
  });

  test('grantInvokeUrl allows calls through the URL only', () => {
    const stack = emptyStack();
    const user = new iam.User(stack, 'Caller');
    const endpoint = modelFunction(stack);
    endpoint.addFunctionUrl();

    endpoint.grantInvokeUrl(user);

    const statements = resourceOf(stack, 'AWS::IAM::Policy', 'Caller').properties.PolicyDocument.Statement;
    expect(statements.map(({ Action, Condition }: any) => [Action, Condition])).toEqual([
      ['lambda:InvokeFunctionUrl', { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } }],
      ['lambda:InvokeFunction', { Bool: { 'lambda:InvokedViaFunctionUrl': true } }],
    ]);
    expect(statements.every(({ Resource }: any) => JSON.stringify(Resource) === JSON.stringify(stack.resolve(endpoint.alias.functionArn)))).toBe(true);
  });

  test('grantInvokeUrl fails without a URL', () => {
    const stack = emptyStack();

    expect(() => modelFunction(stack).grantInvokeUrl(new iam.User(stack, 'Caller'))).toThrow(/no URL .*addFunctionUrl\(\) first/);
  });
});
