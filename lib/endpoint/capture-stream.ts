import { Duration, Names, RemovalPolicy, Stack, Token, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct, IDependable } from 'constructs';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from '../private/acknowledge';
import { failIfAny, lit } from '../private/errors';
import { InlinePolicyRole } from '../private/inline-policy-role';
import { grantKey } from '../private/key-grant';
import { privateBucket } from '../private/private-bucket';
import type { RequestCaptureOptions } from './request-capture';

export interface CaptureStreamProps {
  readonly options: RequestCaptureOptions;
  readonly modelName: string;
  /**
   * The stream is created after this, a resource that takes a while: Firehose and CloudWatch Logs try their roles at once, which IAM has not spread in their
   * first seconds.
   *
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
   */
  readonly after: IDependable;
  /** Processing of records before the stream writes their lines. */
  readonly processors?: CfnDeliveryStream.ProcessorProperty[];
}

/** Paths of streams by account, Region and name, by app. */
const claims = new WeakMap<IConstruct, Map<string, string>>();

/** @throws if another stream of the same account and Region has the name */
function claimStreamName(stream: IConstruct, name: string): void {
  if (Token.isUnresolved(name)) {
    return;
  }
  const { account, region } = Stack.of(stream);
  const streams = claims.get(stream.node.root) ?? new Map<string, string>();
  const key = JSON.stringify([account, region, name]);
  const other = streams.get(key);
  failIfAny(lit`ConflictingStreamNames`, other === undefined ? [] : [
    `capture.streamName ${JSON.stringify(name)} is that of ${JSON.stringify(other)}, and AWS takes a name once in an account and Region: give each endpoint a RequestCapture `
    + 'with another streamName',
  ], stream);
  claims.set(stream.node.root, streams.set(key, stream.node.path));
}

/** A Firehose stream that writes captured requests to a bucket of their own. */
export class CaptureStream extends Construct {
  public readonly bucket: s3.IBucket;
  protected readonly stream: CfnDeliveryStream;
  /** Known before the stream is made, so that a role for it can be made minutes before. */
  protected readonly streamName: string;

  constructor(scope: Construct, id: string, { options, modelName, after, processors = [] }: CaptureStreamProps) {
    super(scope, id);
    this.bucket = options.bucket ?? this.createBucket(options);
    this.streamName = options.streamName ?? Names.uniqueResourceName(this, { maxLength: 64, separator: '-' });
    claimStreamName(this, this.streamName);
    this.stream = this.createStream(modelName, processors);
    this.stream.node.addDependency(after);
  }

  public get streamArn(): string {
    return this.stream.attrArn;
  }

  /** Grants what the LiteRT server sends captured requests with. */
  public grantPut(grantee: iam.IGrantable): iam.Grant {
    return iam.Grant.addToPrincipal({ grantee, actions: ['firehose:PutRecordBatch'], resourceArns: [this.streamArn] });
  }

  private createStream(modelName: string, processors: CfnDeliveryStream.ProcessorProperty[]): CfnDeliveryStream {
    const role = new InlinePolicyRole(this, 'StreamRole', {
      assumedBy: new iam.ServicePrincipal('firehose.amazonaws.com', { conditions: { StringEquals: { 'sts:ExternalId': Stack.of(this).account } } }),
      description: 'Writes captured requests of a TensorFlow model to their bucket',
    });
    if (this.bucket.encryptionKey) {
      role.seal();
    }
    const actions = ['s3:AbortMultipartUpload', 's3:PutObject'];
    const objects = [`${modelName}/*`, `errors/${modelName}/*`].map((pattern) => this.bucket.arnForObjects(pattern));
    const granted = [
      role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources: objects })),
      role.addToPrincipalPolicy(new iam.PolicyStatement({
        actions: ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], resources: [this.bucket.bucketArn],
      })),
    ];
    objects.forEach((arn) => acknowledgeWildcard(role, arn, 'Firehose names objects after the time of their arrival'));
    grantKey(this.bucket.encryptionKey, role, 'kms:Decrypt', 'kms:GenerateDataKey');
    const stream = new CfnDeliveryStream(this, 'Stream', {
      deliveryStreamName: this.streamName,
      deliveryStreamType: 'DirectPut',
      deliveryStreamEncryptionConfigurationInput: { keyType: 'AWS_OWNED_CMK' },
      extendedS3DestinationConfiguration: {
        bucketArn: this.bucket.bucketArn,
        roleArn: role.roleArn,
        prefix: `${modelName}/!{timestamp:yyyy/MM/dd/HH}/`,
        errorOutputPrefix: `errors/${modelName}/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/`,
        fileExtension: '.jsonl.gz',
        compressionFormat: 'GZIP',
        bufferingHints: { intervalInSeconds: 300, sizeInMBs: 5 },
        processingConfiguration: processors.length > 0 ? { enabled: true, processors } : undefined,
      },
    });
    stream.node.addDependency(...granted.map(({ policyDependable }) => policyDependable!));
    return stream;
  }

  private createBucket({ encryptionKey, retention }: RequestCaptureOptions): s3.Bucket {
    const bucket = new s3.Bucket(this, 'Bucket', {
      ...privateBucket(encryptionKey),
      // No versions: an expired request must be gone.
      lifecycleRules: [{ expiration: retention, abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      // A first deployment that fails leaves no bucket behind.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    Validations.of(bucket).acknowledge({ id: 'AwsSolutions-S1', reason: 'Firehose alone writes here; give a bucket of your own to log who reads it' });
    return bucket;
  }
}
