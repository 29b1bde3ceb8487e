import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { CaptureStreamProps } from '../endpoint/capture-stream';
import { CaptureStream } from '../endpoint/capture-stream';
import { InlinePolicyRole } from '../private/inline-policy-role';

/** Lines of the log that are captured requests: see `runtime/handler/src/model_server/capture.py`. */
const PATTERN = '{ ($.schemaVersion = 1) && ($.modelName = "*") }';

/** Extracts the lines of the log from the records of CloudWatch Logs. */
const PROCESSORS = [
  { type: 'Decompression', parameters: [{ parameterName: 'CompressionFormat', parameterValue: 'GZIP' }] },
  { type: 'CloudWatchLogProcessing', parameters: [{ parameterName: 'DataMessageExtraction', parameterValue: 'true' }] },
];

export interface CaptureDeliveryProps extends CaptureStreamProps {
  readonly logGroup: logs.ILogGroup;
}

/**
 * Delivers captured requests from a function's log to a bucket of their own: a subscription filter, and a Firehose stream that extracts the lines.
 */
export class CaptureDelivery extends CaptureStream {
  constructor(scope: Construct, id: string, { logGroup, ...props }: CaptureDeliveryProps) {
    super(scope, id, { ...props, processors: PROCESSORS });
    const role = new InlinePolicyRole(this, 'LogsRole', {
      assumedBy: new iam.ServicePrincipal('logs.amazonaws.com', {
        conditions: { StringLike: { 'aws:SourceArn': this.arn('logs', '*') } },
      }),
      description: 'Sends captured requests of a TensorFlow model from its log',
    });
    const named = Stack.of(this).formatArn({ service: 'firehose', resource: 'deliverystream', resourceName: this.streamName });
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['firehose:PutRecord', 'firehose:PutRecordBatch'], resources: [named] }));
    const filter = new logs.CfnSubscriptionFilter(this, 'Filter', {
      logGroupName: logGroup.logGroupName, filterPattern: PATTERN, destinationArn: this.streamArn, roleArn: role.roleArn,
    });
    // CloudWatch Logs tries the destination when the filter is created.
    filter.node.addDependency(this.stream, role, props.after);
  }

  private arn(service: string, resource: string): string {
    return Stack.of(this).formatArn({ service, resource, arnFormat: ArnFormat.NO_RESOURCE_NAME });
  }
}
