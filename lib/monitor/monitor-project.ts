import { ArnFormat, Duration, Stack, Validations } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { referenceOf } from '../model/artifact-reference';
import type { IModelArtifact } from '../model/published-model';
import { acknowledgePrefix } from '../optimization/artifact/artifact-access';
import { BuildLogs } from '../optimization/build/build-logs';
import { BuildRole } from '../optimization/build/build-role';
import { defaultImage, optimizerCode } from '../optimization/build/optimization-project';
import { acknowledgeWildcard, acrossPacks } from '../private/acknowledge';
import { EVENT_SOURCE, eventBusArn } from '../private/event-rule';
import { grantKey } from '../private/key-grant';
import { METRIC_NAMESPACE } from '../private/metric-namespace';
import { renderMonitorBuildSpec } from './monitor-buildspec';

/**
 * Names of the event and the metrics that the monitor's build sends to EventBridge's default bus and CloudWatch.
 *
 * `tensorflow_optimizer/drift/announce.py` has the same names; `optimizer/schema/drift-event.schema.json` describes an event's detail.
 */
export const MODEL_DRIFTED = 'ModelDrifted';
export const COMPARED_SAMPLES = 'ComparedSamples';
export const DRIFTED_FEATURES = 'DriftedFeatures';
export const STABILITY_INDEX = 'MaxPopulationStabilityIndex';
export const DIVERGENCE = 'MaxJensenShannonDivergence';
/** Prefix of the reports in the capture bucket. */
export const REPORT_PREFIX = 'drift-reports';

export interface MonitorProjectProps {
  readonly artifact: IModelArtifact;
  readonly modelName: string;
  readonly captureBucket: s3.IBucket;
  readonly period: Duration;
  readonly minSamples: number;
  readonly minStabilityIndex: number;
  readonly packageIndexUrl?: string;
}

/** The CodeBuild project that compares, with a least-privilege role. */
export class MonitorProject extends Construct {
  public readonly project: codebuild.Project;
  public readonly role: BuildRole;
  private readonly logGroup: logs.LogGroup;

  constructor(scope: Construct, id: string, props: MonitorProjectProps) {
    super(scope, id);
    const { artifact, captureBucket, modelName } = props;
    const reference = referenceOf(artifact)!;
    this.logGroup = BuildLogs.of(this).logGroup;
    this.role = new BuildRole(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } } }),
      description: 'Compares captured requests of one TensorFlow model with its evaluation data',
    });
    const code = optimizerCode(this, lambda.Architecture.X86_64);
    this.project = new codebuild.Project(this, 'Project', {
      description: `Compares captured requests of the TensorFlow model ${modelName} with its evaluation data`,
      source: codebuild.Source.s3({ bucket: code.bucket, path: code.s3ObjectKey }),
      buildSpec: codebuild.BuildSpec.fromObject(renderMonitorBuildSpec({ packageIndexUrl: props.packageIndexUrl })),
      environment: { buildImage: defaultImage(lambda.Architecture.X86_64), computeType: codebuild.ComputeType.SMALL },
      environmentVariables: variables({
        ARTIFACT_BUCKET: artifact.bucket.bucketName,
        MANIFEST_KEY: reference.manifestKey ?? '',
        MODEL_POINTER: reference.pointer ?? '',
        CAPTURE_BUCKET: captureBucket.bucketName,
        PERIOD_HOURS: `${props.period.toHours()}`,
        MIN_SAMPLES: `${props.minSamples}`,
        MIN_STABILITY_INDEX: `${props.minStabilityIndex}`,
      }),
      role: this.role,
      timeout: Duration.hours(1),
      queuedTimeout: Duration.hours(1),
      concurrentBuildLimit: 1,
      logging: { cloudWatch: { logGroup: this.logGroup, prefix: this.streamPrefix(modelName) } },
      grantReportGroupPermissions: false,
    });
    this.role.takeEverything();
    this.role.seal();
    this.allow(['s3:GetObject', 's3:GetObjectVersion'], code.bucket.arnForObjects(code.s3ObjectKey));
    this.allow(['logs:CreateLogStream'], this.logGroup.logGroupArn);
    this.allow(['logs:PutLogEvents'], this.logStreams(modelName));
    artifact.grantRead(this.role);
    this.grantCaptured(captureBucket, modelName);
    this.grantAnnouncing();
    reference.keyPatterns.forEach((pattern) => acknowledgePrefix(this.role, artifact.bucket, pattern));
    this.acknowledge(modelName);
  }

  private grantCaptured(bucket: s3.IBucket, modelName: string): void {
    const [captured, reports] = [bucket.arnForObjects(`${modelName}/*`), bucket.arnForObjects(`${REPORT_PREFIX}/${modelName}/*`)];
    this.allow(['s3:GetObject'], captured);
    this.allow(['s3:ListBucket'], bucket.bucketArn, { StringLike: { 's3:prefix': `${modelName}/*` } });
    this.allow(['s3:PutObject'], reports);
    grantKey(bucket.encryptionKey, this.role, 'kms:Decrypt', 'kms:GenerateDataKey');
    acknowledgeWildcard(this.role, captured, 'Captured requests are below the model\'s name, by hour');
    acknowledgeWildcard(this.role, reports, 'Reports are below the model\'s name, by day and build');
  }

  private grantAnnouncing(): void {
    this.allow(['cloudwatch:PutMetricData'], '*', { StringEquals: { 'cloudwatch:namespace': METRIC_NAMESPACE } });
    acknowledgeWildcard(this.role, '*', 'CloudWatch has no resource for PutMetricData; the namespace is a condition');
    this.allow(['events:PutEvents'], eventBusArn(this), { StringEquals: { 'events:source': EVENT_SOURCE, 'events:detail-type': MODEL_DRIFTED } });
  }

  private allow(actions: string[], resource: string, conditions?: Record<string, unknown>): void {
    this.role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources: [resource], conditions }));
  }

  private streamPrefix(modelName: string): string {
    return `monitor/${modelName}`;
  }

  private logStreams(modelName: string): string {
    return Stack.of(this).formatArn({
      service: 'logs',
      resource: 'log-group',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      resourceName: `${this.logGroup.logGroupName}:log-stream:${this.streamPrefix(modelName)}/*`,
    });
  }

  private acknowledge(modelName: string): void {
    Validations.of(this.project).acknowledge({
      id: 'AwsSolutions-CB4', reason: 'The build has no CodeBuild artifacts to encrypt; what it writes to S3 is encrypted by the capture bucket',
    });
    for (const id of acrossPacks('CodeBuildProjectSourceRepoUrl')) {
      Validations.of(this.project).acknowledge({ id, reason: 'The source is an object in S3, which the role may read; no repository takes part' });
    }
    acknowledgeWildcard(this.role, this.logStreams(modelName), 'CodeBuild names a log stream by the build, below the monitor\'s prefix');
  }
}

function variables(values: Record<string, string>): Record<string, codebuild.BuildEnvironmentVariable> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}
