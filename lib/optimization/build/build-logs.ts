import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

const ID = 'TensorFlowOptimizations';

/** The log group and the report group of the optimizations of a stack. Each model's log streams begin with its prefix. */
export class BuildLogs extends Construct {
  /** Returns the stack's, created when first asked for. */
  public static of(scope: Construct): BuildLogs {
    const stack = Stack.of(scope);
    return (stack.node.tryFindChild(ID) as BuildLogs | undefined) ?? new BuildLogs(stack, ID);
  }

  public readonly logGroup: logs.LogGroup;
  public readonly reportGroup: codebuild.ReportGroup;

  private constructor(scope: Construct, id: string) {
    super(scope, id);
    this.logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.THREE_MONTHS, removalPolicy: RemovalPolicy.DESTROY });
    this.reportGroup = new codebuild.ReportGroup(this, 'Reports', { removalPolicy: RemovalPolicy.DESTROY, deleteReports: true });
  }
}
