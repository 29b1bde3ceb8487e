import { Aws, Stack } from 'aws-cdk-lib';
import type * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { CaptureStream } from '../endpoint/capture-stream';
import type { IModelArtifact } from '../model/published-model';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import { failIfAny, lit } from '../private/errors';
import { METRIC_NAMESPACE } from '../private/metric-namespace';
import type { ServingSettings } from '../serving/serving-settings';
import type { FleetNetwork } from './fleet-network';
import type { FleetServer, ServerCommandLine } from './fleet-server';
import type { FleetSettings } from './fleet-settings';
import type { InstanceProgram } from './instance-program';
import { instanceProgram, senderPrograms } from './instance-program';
import { grantBoot } from './instance-role';
import type { ModelFleetProps } from './model-fleet-props';
import { CONFIGURATION, MAX_USER_DATA_BYTES, modelDirectoryOf, renderUserData } from './user-data';

/** The boot must report its failure before CloudFormation times out, which counts from before the operating system starts. */
const BOOT_MARGIN_SECONDS = 120;

/** Reserve in the user data for tokens (names and digests) resolved during deployment. */
const TOKEN_BYTES = 2048;

/** Maximum time for requests in flight when the server is stopped outside of an update. */
const LONGEST_STOP_SECONDS = 60;

export interface FleetBootOptions {
  readonly props: ModelFleetProps;
  readonly settings: FleetSettings;
  readonly serving: ServingSettings;
  readonly modelName: string;
  readonly artifact: IModelArtifact;
  readonly compatibility: ModelCompatibility;
  readonly server: FleetServer;
  readonly logGroup: logs.ILogGroup;
  readonly role: iam.IRole;
  /** Undefined where nothing is captured. */
  readonly capture?: CaptureStream;
}

/** An instance's boot: its programs, read permissions and user data. */
export class FleetBoot {
  /** Permissions that must exist before the first instance boots, or serves. */
  public readonly grants: iam.Grant[];
  private readonly program: InstanceProgram;
  private readonly senders: InstanceProgram[];
  private readonly server: ServerCommandLine;

  constructor(private readonly scope: Construct, private readonly options: FleetBootOptions) {
    const { props, settings, role, artifact, capture } = options;
    const drainSeconds = settings.connectionDraining.toSeconds();
    this.server = options.server.bind(scope, {
      ...options,
      capture: capture && { streamArn: capture.streamArn, ...props.capture!._options },
      modelDirectory: modelDirectoryOf(options.modelName),
      configDirectory: CONFIGURATION,
      drainSeconds,
      stopSeconds: Math.min(drainSeconds, LONGEST_STOP_SECONDS),
    });
    this.program = instanceProgram(scope, 'BootScript', 'boot.py');
    this.senders = senderPrograms(scope, props);
    this.grants = [
      ...grantBoot(role, { artifact, server: this.server.files, programs: [this.program, ...this.senders] }),
      ...capture ? [capture.grantPut(role)] : [],
      ...options.serving.certificate?._grantRead(role) ?? [],
    ];
  }

  /** Renders the user data, which contains the logical id of its Auto Scaling group. */
  public userData(group: autoscaling.AutoScalingGroup, network: FleetNetwork, fleetName: string): string {
    const { props, settings, serving, modelName, artifact, compatibility, logGroup } = this.options;
    const text = renderUserData({
      modelName,
      version: compatibility.version,
      bucketName: artifact.bucket.bucketName,
      manifestKey: compatibility.manifestKey,
      manifestSha256: compatibility.manifestSha256,
      server: this.server,
      serving,
      missingCpuFeatures: settings.missingCpuFeatures,
      timeoutSeconds: settings.bootTimeout.toSeconds() - BOOT_MARGIN_SECONDS,
      region: Stack.of(this.scope).region,
      stackId: Aws.STACK_ID,
      groupLogicalId: (group.node.defaultChild as autoscaling.CfnAutoScalingGroup).logicalId,
      logGroupName: logGroup.logGroupName,
      targetGroupArns: { gRPC: network.grpcTargetGroup.targetGroupArn, REST: network.restTargetGroup.targetGroupArn },
      bootUrl: this.program.asset.s3ObjectUrl,
      bootSha256: this.program.sha256,
      metrics: props.embeddedMetrics ? { namespace: METRIC_NAMESPACE, fleetName } : undefined,
      serverLogging: props.serverLogging,
      senderPrograms: this.senders.map(({ file, asset, sha256 }) => ({ file, bucketName: asset.s3BucketName, key: asset.s3ObjectKey, sha256 })),
    });
    const bytes = Buffer.byteLength(text) + TOKEN_BYTES;
    failIfAny(lit`UserDataTooLong`, bytes <= MAX_USER_DATA_BYTES ? [] : [
      `the boot script has ${bytes} bytes and EC2 takes ${MAX_USER_DATA_BYTES}: give fewer or shorter serverFlags`,
    ], this.scope);
    return text;
  }
}
