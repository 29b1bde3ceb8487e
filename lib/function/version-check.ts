import { CustomResource, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ReplayOptions } from '../endpoint/replay-options';
import { readStatements, storeAsset } from '../model/stored-object';
import { BuildProvider, CHECK_TIMEOUT } from '../optimization/build/build-provider';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import type { ModelHook } from './model-hook';

export interface VersionCheckProps {
  readonly version: lambda.IVersion;
  readonly modelName: string;
  /** The bucket of the model's golden requests. The compatibility check grants the provider read access. */
  readonly bucket: s3.IBucket;
  readonly compatibility: ModelCompatibility;
  readonly hook?: ModelHook;
  /** Replays captured requests of a bucket. */
  readonly replay?: {
    readonly options: ReplayOptions;
    readonly bucket: s3.IBucket;
    /** Version that a delivery says to serve: nothing is replayed to a version that it goes back to. */
    readonly serve?: string;
    /** Endpoint that gets the version if the function answers alike. Undefined for a function that serves itself. */
    readonly endpoint?: 'service' | 'fleet';
  };
}

/**
 * Sends the model's golden requests to a published version during the deployment, and fails if an answer differs from the optimization's.
 * Without golden requests it sends zeros; with a hook, the hook's own event.
 *
 * The alias depends on it, or whatever changes pods or instances: callers keep their version if the new one does not start, cannot load or run its
 * model or hook, or gives other answers.
 */
export class VersionCheck extends Construct {
  constructor(scope: Construct, id: string, props: VersionCheckProps) {
    super(scope, id);
    const provider = BuildProvider.of(this);
    // Grant on the version, not in the provider's role: a role's policies are limited to 10,240 characters, whatever the number of functions.
    const permission = new lambda.CfnPermission(this, 'Permission', {
      action: 'lambda:InvokeFunction', functionName: props.version.functionArn, principal: provider.role.roleArn,
    });
    // Stored as an asset, because the properties of a resource are too small for a photograph.
    const event = props.hook?._checkEventFile === undefined ? undefined : storeAsset(this, 'Event', props.hook._checkEventFile);
    const granted = (event ? readStatements(event) : []).map((statement) => provider.role.addToPrincipalPolicy(statement).policyDependable!);
    const { replay } = props;
    const read = replay ? [provider.allowRead(replay.bucket, [`${props.modelName}/*`])] : [];
    const resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::TensorFlowVersionCheck',
      serviceToken: provider.serviceToken,
      serviceTimeout: CHECK_TIMEOUT,
      properties: {
        Mode: 'version_check',
        FunctionVersion: props.version.functionArn,
        ModelName: props.modelName,
        Bucket: props.bucket.bucketName,
        GoldenKey: props.compatibility.goldenKey,
        GoldenSha256: props.compatibility.goldenSha256,
        Hooked: props.hook ? 'true' : 'false',
        EventBucket: event?.bucket.bucketName ?? '',
        EventKey: event?.key ?? '',
        ...replay ? {
          Replay: Stack.of(this).toJsonString(documentOf(replay.options)),
          CaptureBucket: replay.bucket.bucketName,
          ModelVersion: props.compatibility.version,
          ...replay.serve !== undefined && { Serve: replay.serve },
          ...replay.endpoint && { Endpoint: replay.endpoint },
        } : {},
      },
    });
    resource.node.addDependency(provider, permission, ...granted, ...read);
  }
}

/** Members in one order, whatever language gives them. */
function documentOf({ requests = 200, maxDisagreement, maxRelativeError, acceptVersion }: ReplayOptions): ReplayOptions {
  return { requests, maxDisagreement, maxRelativeError, acceptVersion };
}
