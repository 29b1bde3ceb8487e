import { readFileSync } from 'fs';
import { join, resolve } from 'path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { FunctionStack } from '../bin/function-stack';

const ROOT = resolve(__dirname, '..');

function exampleStack(): FunctionStack {
  const app = new App({ context: { ...flags(), 'aws:cdk:bundling-stacks': [] } });
  return new FunctionStack(app, 'FunctionStack', {
    model: join(ROOT, 'examples', 'digits', 'saved_model'),
    evaluation: join(ROOT, 'examples', 'digits', 'evaluation.npz'),
  });
}

function flags(): Record<string, unknown> {
  return (JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> }).context;
}

/** One line for each thing that a role may do: `effect actions on resource, if condition keys`. Logical ids are cut to their names. */
function grants(template: { Resources: Record<string, { Type: string; Properties: Record<string, any> }> }): Record<string, string[]> {
  const text = (value: any): string => {
    if (typeof value === 'string') {
      return value;
    }
    const [[intrinsic, argument]] = Object.entries(value as Record<string, any>);
    const named = { 'Ref': () => argument, 'Fn::GetAtt': () => argument[0], 'Fn::Sub': () => argument, 'Fn::Join': () => argument[1].map(text).join(argument[0]) };
    return readable((named as Record<string, () => string>)[intrinsic]());
  };
  const readable = (name: string) => name.replace(/^AWS::/, '').replace(/[0-9A-F]{8}([0-9a-f]{32})?$/, '');
  const list = (value: unknown) => ([] as unknown[]).concat(value);
  const byRole: Record<string, string[]> = {};
  for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
    if (Type === 'AWS::Lambda::Permission' && typeof Properties.Principal === 'object') { // a function's own word, for a role
      const role = text(Properties.Principal);
      byRole[role] = [...byRole[role] ?? [], `Allow ${Properties.Action} on ${text(Properties.FunctionName)}`].sort();
    }
    const documents = Type === 'AWS::IAM::Policy' ? [Properties] : Type === 'AWS::IAM::Role' ? list(Properties.Policies ?? []) as Record<string, any>[] : [];
    if (documents.length === 0) {
      continue;
    }
    const statements = documents.flatMap(({ PolicyDocument }) => PolicyDocument.Statement as Record<string, any>[]);
    const role = Type === 'AWS::IAM::Role' ? readable(id) : text(Properties.Roles[0]);
    byRole[role] = [...byRole[role] ?? [], ...statements.flatMap((statement) => list(statement.Resource).map((resource) => {
      const keys = Object.values((statement.Condition ?? {}) as Record<string, object>).flatMap((condition) => Object.keys(condition));
      const where = text(resource).replace(/[0-9a-f]{64}/, '<hash>').replace(/^arn:[^:]*:s3:::cdk-hnb659fds-assets[^/]*/, 'assets').replace(/digits-[0-9a-f]{8}[^/]*/, '<model>');
      return `${statement.Effect} ${list(statement.Action).join(' ')} on ${where}${keys.length ? ` if ${keys.join(', ')}` : ''}`;
    }))].sort();
  }
  return byRole;
}

describe('the example app', () => {
  test('has no open finding of the AwsSolutions pack', () => {
    const stack = exampleStack();

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });

  test('gives each role the permissions that its part of the path needs, and no others', () => {
    const logs = (group: string) => `Allow logs:CreateLogStream logs:PutLogEvents on ${group}`;

    expect(grants(Template.fromStack(exampleStack()).toJSON() as Parameters<typeof grants>[0])).toEqual({
      // The job: read code, model and data; write below the model's prefix what is not there yet; report and log.
      DigitsOptimizerOptimizationRole: [
        'Allow codebuild:BatchPutTestCases codebuild:CreateReport codebuild:UpdateReport on TensorFlowOptimizationsReports',
        'Allow logs:CreateLogStream on TensorFlowOptimizationsLogs',
        'Allow logs:PutLogEvents on arn:Partition:logs:Region:AccountId:log-group:TensorFlowOptimizationsLogs:log-stream:<model>/*',
        'Allow s3:AbortMultipartUpload s3:GetObject s3:GetObjectVersion on TensorFlowModelArtifacts/<model>/*',
        'Allow s3:GetObject on assets/<hash>.npz',
        'Allow s3:GetObject on assets/<hash>.zip',
        'Allow s3:GetObject s3:GetObjectVersion on assets/<hash>.zip',
        'Allow s3:ListBucket on TensorFlowModelArtifacts if s3:prefix',
        'Allow s3:PutObject on TensorFlowModelArtifacts/<model>/* if s3:ObjectCreationOperation',
        'Allow s3:PutObject on TensorFlowModelArtifacts/<model>/* if s3:if-none-match',
        'Deny s3:PutObject on TensorFlowModelArtifacts/<model>/* if s3:if-none-match, s3:ObjectCreationOperation',
      ],
      // The function: its log. Its model is a layer, so it cannot read S3 at all.
      DigitsRole: [logs('DigitsLogGroup')],
      // The custom resource: write the job's description, start and watch this project, read what it published and its log.
      TensorFlowModelBuildsRole: [
        'Allow cloudformation:DescribeStacks on StackId',
        'Allow codebuild:BatchGetBuilds codebuild:ListBuildsForProject codebuild:StartBuild codebuild:StopBuild on DigitsOptimizerOptimizationProject',
        'Allow events:PutEvents on arn:Partition:events:Region:AccountId:event-bus/default if events:source, events:detail-type',
        // Invokes exactly the version that is about to serve: it must answer first.
        'Allow lambda:InvokeFunction on DigitsFunctionCurrentVersion',
        logs('TensorFlowModelBuildsLogs'),
        'Allow logs:GetLogEvents on TensorFlowOptimizationsLogs',
        'Allow s3:DeleteBucket on TensorFlowModelArtifacts',
        'Allow s3:GetObject s3:GetObjectVersion on TensorFlowModelArtifacts/<model>/*',
        'Allow s3:ListBucket s3:ListBucketVersions on TensorFlowModelArtifacts if s3:prefix',
        'Allow s3:PutObject on TensorFlowModelArtifacts/<model>/keys/*/job.json',
      ],
      // The CDK's provider framework: call one handler each, start the waiter.
      TensorFlowModelBuildsFrameworkOnEventRole: [
        'Allow lambda:GetFunction lambda:InvokeFunction on TensorFlowModelBuildsOnEvent',
        logs('TensorFlowModelBuildsLogs'),
        'Allow states:StartExecution on TensorFlowModelBuildsProviderwaiterstatemachine',
      ],
      TensorFlowModelBuildsFrameworkIsCompleteRole: [
        'Allow lambda:GetFunction lambda:InvokeFunction on TensorFlowModelBuildsIsComplete',
        logs('TensorFlowModelBuildsLogs'),
      ],
      TensorFlowModelBuildsProviderwaiterstatemachineRole: [
        'Allow lambda:InvokeFunction on TensorFlowModelBuildsProviderframeworkisComplete',
        'Allow lambda:InvokeFunction on TensorFlowModelBuildsProviderframeworkonTimeout',
      ],
    });
  });
});
