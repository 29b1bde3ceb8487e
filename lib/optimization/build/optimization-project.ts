import { ArnFormat, IgnoreMode, Stack, Validations } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import type { IDependable } from 'constructs';
import { Construct } from 'constructs';
import type { StoredObject } from '../../model/stored-object';
import { readStatements } from '../../model/stored-object';
import { acknowledgeWildcard, acrossPacks } from '../../private/acknowledge';
import { packagePath } from '../../private/asset-paths';
import { grantKey } from '../../private/key-grant';
import { acknowledgePrefix, grantArtifactWrite, overwriteDenial } from '../artifact/artifact-access';
import { retentionDenial } from '../artifact/artifact-leases';
import { signatureBundleDenial } from '../artifact/signing-key';
import type { OptimizationOptions } from '../optimization-options';
import { BuildLogs } from './build-logs';
import { BuildRole } from './build-role';
import { renderBuildSpec } from './buildspec';
import { buildTimeouts } from './optimization-timeout';
import type { ServerImage } from './server-image';
import { grantServer } from './server-image';

export interface OptimizationProjectProps {
  readonly options: OptimizationOptions;
  readonly architecture: lambda.Architecture;
  /** Sources, data and students that the job reads. */
  readonly inputs: StoredObject[];
  readonly bucket: s3.IBucket;
  readonly keyPrefix: string;
  /** The image to publish the server program from. */
  readonly server?: ServerImage;
}

/** The CodeBuild project that optimizes one model, with a least-privilege role. */
export class OptimizationProject extends Construct {
  public readonly project: codebuild.Project;
  public readonly role: iam.IRole;
  public readonly reportGroup: codebuild.ReportGroup;
  /** Resources that must exist before a build can start. */
  public readonly dependencies: IDependable[] = [this];
  public readonly logGroup: logs.LogGroup;

  constructor(scope: Construct, id: string, props: OptimizationProjectProps) {
    super(scope, id);
    const { options } = props;
    const buildLogs = BuildLogs.of(this);
    this.dependencies.push(buildLogs);
    ({ logGroup: this.logGroup, reportGroup: this.reportGroup } = buildLogs);
    const ownRole = options.buildRole ? undefined : new BuildRole(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com'),
      description: 'Optimizes one TensorFlow model',
    });
    this.role = options.buildRole ?? ownRole!;
    const code = optimizerCode(this, props.architecture);
    const { timeout, queuedTimeout } = buildTimeouts(options.optimizationTimeout);
    this.project = new codebuild.Project(this, 'Project', {
      description: `Optimizes the TensorFlow model ${props.keyPrefix}`,
      source: codebuild.Source.s3({ bucket: code.bucket, path: code.s3ObjectKey }),
      buildSpec: codebuild.BuildSpec.fromObject(renderBuildSpec({
        reportGroupArn: this.reportGroup.reportGroupArn, packageIndexUrl: options.packageIndexUrl,
      })),
      environment: {
        buildImage: options.buildImage ?? defaultImage(props.architecture),
        computeType: options.computeType ?? codebuild.ComputeType.LARGE,
      },
      environmentVariables: {
        ...options.buildEnvironment,
        ARTIFACT_BUCKET: { value: props.bucket.bucketName },
        MODEL_PREFIX: { value: props.keyPrefix },
      },
      role: this.role,
      timeout,
      queuedTimeout,
      encryptionKey: options.encryptionKey,
      logging: { cloudWatch: { logGroup: this.logGroup, prefix: props.keyPrefix } },
      grantReportGroupPermissions: false,
      vpc: options.buildVpc,
      subnetSelection: options.buildVpcSubnets,
      securityGroups: options.buildSecurityGroups,
    });
    ownRole?.takeEverything();
    if (mayHaveKeys(props)) {
      ownRole?.seal();
    }
    this.grantAll(props, code);
    ownRole?.seal();
    this.acknowledge(props);
  }

  private grantAll(props: OptimizationProjectProps, code: s3_assets.Asset): void {
    const reads = props.inputs.flatMap((input) => readStatements(input));
    this.allow(['s3:GetObject', 's3:GetObjectVersion'], code.bucket.arnForObjects(code.s3ObjectKey));
    // A version is complete while the object version of its layer exists.
    this.allow(['s3:GetObjectVersion'], props.bucket.arnForObjects(`${props.keyPrefix}/*`));
    this.allow(['logs:CreateLogStream'], this.logGroup.logGroupArn);
    this.allow(['logs:PutLogEvents'], this.logStreams(props.keyPrefix));
    this.allow(['codebuild:CreateReport', 'codebuild:UpdateReport', 'codebuild:BatchPutTestCases'], this.reportGroup.reportGroupArn);
    [...reads, overwriteDenial(props.bucket, props.keyPrefix)].forEach((statement) => this.add(statement));
    if (props.options.signingKey) {
      this.add(signatureBundleDenial(props.bucket, props.keyPrefix));
    }
    if (props.options.retention) {
      this.add(retentionDenial(props.bucket, props.keyPrefix));
    }
    const grants = [grantArtifactWrite(this.role, props.bucket, props.keyPrefix)];
    if (props.server) {
      grants.push(grantServer(this.role, props.bucket, props.server));
    }
    this.dependencies.push(...grants, ...this.grantKeys(props));
  }

  private grantKeys({ bucket, inputs, options }: OptimizationProjectProps): iam.Grant[] {
    const distinct = (keys: (kms.IKey | undefined)[]) => [...new Set(keys)].filter((key) => key !== undefined);
    const written = distinct([bucket.encryptionKey, options.encryptionKey]);
    const read = distinct(inputs.map((input) => input.bucket.encryptionKey)).filter((key) => !written.includes(key));
    return [
      ...written.map((key) => grantKey(key, this.role, 'kms:Decrypt', 'kms:GenerateDataKey')),
      ...read.map((key) => grantKey(key, this.role, 'kms:Decrypt')),
    ];
  }

  /** The model's own log streams: the log group is the stack's. */
  private logStreams(keyPrefix: string): string {
    const { logGroup } = this;
    return Stack.of(this).formatArn({
      service: 'logs', resource: 'log-group', arnFormat: ArnFormat.COLON_RESOURCE_NAME, resourceName: `${logGroup.logGroupName}:log-stream:${keyPrefix}/*`,
    });
  }

  private allow(actions: string[], resource: string): void {
    this.add(new iam.PolicyStatement({ actions, resources: [resource] }));
  }

  private add(statement: iam.PolicyStatement): void {
    const { policyDependable } = this.role.addToPrincipalPolicy(statement);
    if (policyDependable) {
      this.dependencies.push(policyDependable);
    }
  }

  private acknowledge({ options, bucket, keyPrefix, inputs }: OptimizationProjectProps): void {
    if (!options.encryptionKey) {
      Validations.of(this.project).acknowledge({
        id: 'AwsSolutions-CB4',
        reason: 'The build has no CodeBuild artifacts to encrypt; what it writes to S3 is encrypted by the bucket. Give encryptionKey for a key of your own',
      });
    }
    for (const id of acrossPacks('CodeBuildProjectSourceRepoUrl')) {
      Validations.of(this.project).acknowledge({ id, reason: 'The source is an object in S3, which the role may read; no repository takes part' });
    }
    if (options.buildRole) {
      return; // its owner's to answer for
    }
    acknowledgePrefix(this.role, bucket, `${keyPrefix}/*`);
    acknowledgeWildcard(this.role, this.logStreams(keyPrefix), 'CodeBuild names a log stream by the build, below the model\'s prefix');
    for (const input of inputs.filter(({ packaging }) => packaging === 'prefix')) {
      acknowledgeWildcard(this.role, input.bucket.arnForObjects(`${input.key}*`), 'The model or its data is everything below this prefix');
    }
  }
}

/** Tells whether a KMS key may encrypt what a job reads and writes. A repository does not tell. */
function mayHaveKeys({ bucket, inputs, server }: OptimizationProjectProps): boolean {
  return server?.repository !== undefined || [bucket, ...inputs.map((input) => input.bucket)].some(({ encryptionKey }) => encryptionKey !== undefined);
}

/**
 * The stack's asset of the optimizer with its pinned requirements, the native program for the architecture that serves, and the Python handler;
 * the last two run LiteRT models in tests. The layout is that of the package. Tests, caches and environments are excluded.
 */
export function optimizerCode(scope: Construct, architecture: lambda.Architecture): s3_assets.Asset {
  const stack = Stack.of(scope);
  const id = `TensorFlowOptimizerCode-${architecture.name}`;
  return (stack.node.tryFindChild(id) as s3_assets.Asset | undefined) ?? new s3_assets.Asset(stack, id, {
    path: packagePath(),
    ignoreMode: IgnoreMode.GIT,
    exclude: [
      ...only('optimizer', 'src'), '!/optimizer/requirements.txt', '!/optimizer/uv-requirements.txt',
      ...only('runtime', 'handler', 'src').slice(1),
      ...only('runtime', 'shared', 'src').slice(3),
      ...only('server', 'dist', architecture.name, 'bootstrap').slice(1),
      '__pycache__', '*.pyc', '.*',
    ],
  });
}

/** Returns patterns that exclude everything but one path. */
function only(...segments: string[]): string[] {
  const directory = (depth: number) => ['', ...segments.slice(0, depth)].join('/');
  return segments.flatMap((segment, depth) => [`${directory(depth)}/*`, `!${directory(depth)}/${segment}`]);
}

/** The image of a build with the optimizer. */
export function defaultImage(architecture: lambda.Architecture): codebuild.IBuildImage {
  return architecture === lambda.Architecture.ARM_64
    ? codebuild.LinuxArmBuildImage.fromCodeBuildImageId('aws/codebuild/amazonlinux-aarch64-standard:4.0')
    : codebuild.LinuxBuildImage.fromCodeBuildImageId('aws/codebuild/standard:8.0');
}
