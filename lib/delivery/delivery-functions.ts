import { CustomResource, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { runtimeCode } from '../bundling/runtime-code';
import { LATEST_RUNTIME_RULES } from '../private/acknowledge';
import { InlinePolicyRole } from '../private/inline-policy-role';
import { acknowledgeStacks, parameterArn, stackArns } from './delivery-role';

const TIMEOUT = Duration.minutes(2);

/** Functions for tasks of a delivery that neither CloudFormation nor a state can do. */
export class DeliveryFunctions extends Construct {
  /** Finds out why a stack was rolled back. */
  public readonly reason: lambda.Function;

  private readonly logGroup: logs.LogGroup;

  constructor(scope: Construct, id: string, stackNames: string[]) {
    super(scope, id);
    this.logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    const stacks = stackArns(this, stackNames);
    const role = this.role('ReasonRole', 'Reads why a stack was rolled back', ['cloudformation:DescribeStackEvents'], stacks);
    acknowledgeStacks(role, stacks);
    this.reason = this.handler('Reason', 'index.find_reason', role);
  }

  /**
   * Creates parameters that CloudFormation never writes again.
   *
   * @param initial values by name, with descriptions
   */
  public createParameters(initial: { id: string; name: string; value: string; description: string }[]): CustomResource[] {
    const parameters = initial.map(({ name }) => parameterArn(this, name));
    const role = this.role('ParametersRole', 'Creates and deletes the parameters of a delivery', [
      'ssm:PutParameter', 'ssm:DeleteParameter', 'ssm:AddTagsToResource', 'ssm:ListTagsForResource',
    ], parameters);
    const handler = this.handler('Parameters', 'index.keep_parameter', role);
    return initial.map(({ id, name, value, description }) => new CustomResource(this, id, {
      resourceType: 'Custom::TensorFlowDeliveryParameter',
      serviceToken: handler.functionArn,
      serviceTimeout: TIMEOUT,
      properties: { Name: name, Value: value, Description: description },
    }));
  }

  private handler(id: string, handler: string, role: iam.IRole): lambda.Function {
    const created = new lambda.Function(this, id, {
      runtime: lambda.Runtime.PYTHON_3_13,
      handler,
      code: runtimeCode('model_delivery'),
      timeout: TIMEOUT,
      memorySize: 256,
      role,
      logGroup: this.logGroup,
    });
    for (const rule of LATEST_RUNTIME_RULES) {
      Validations.of(created).acknowledge({ id: rule, reason: 'The handler is tested with this version of Python' });
    }
    return created;
  }

  private role(id: string, description: string, actions: string[], resources: string[]): iam.Role {
    const role = new InlinePolicyRole(this, id, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'), description });
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [this.logGroup.logGroupArn] }));
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources }));
    return role;
  }
}
