import { CustomResource } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { readStatements, storeAsset } from '../model/stored-object';
import { BuildProvider, CHECK_TIMEOUT } from '../optimization/build-provider';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import type { ModelHook } from './model-hook';

/** Which version is asked, and for what. */
export interface VersionCheckProps {
  readonly version: lambda.IVersion;
  readonly modelName: string;
  /** Where the model's golden requests are; the compatibility check lets the provider read them, as all of the model. */
  readonly bucket: s3.IBucket;
  readonly compatibility: ModelCompatibility;
  readonly hook?: ModelHook;
}

/**
 * Sends a published version the model's golden requests when it is deployed, and fails where it answers otherwise than the
 * optimization did; zeros where there are none, and the hook's own event where there is a hook.
 *
 * The alias depends on it: callers keep the version that they have when the new one does not start, its model or hook does
 * not load or run, or it answers like another model.
 */
export class VersionCheck extends Construct {
  constructor(scope: Construct, id: string, props: VersionCheckProps) {
    super(scope, id);
    const provider = BuildProvider.of(this);
    // The version says who may ask it, not the provider's role: all that a role may do shares 10,240 characters, whatever the number of functions.
    const permission = new lambda.CfnPermission(this, 'Permission', {
      action: 'lambda:InvokeFunction', functionName: props.version.functionArn, principal: provider.role.roleArn,
    });
    // Not a property: what the resource's properties may have together is less than a photograph has.
    const event = props.hook?._checkEventFile === undefined ? undefined : storeAsset(this, 'Event', props.hook._checkEventFile);
    const granted = (event ? readStatements(event) : []).map((statement) => provider.role.addToPrincipalPolicy(statement).policyDependable!);
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
        Hooked: props.hook ? 'true' : 'false',
        EventBucket: event?.bucket.bucketName ?? '',
        EventKey: event?.key ?? '',
      },
    });
    resource.node.addDependency(provider, permission, ...granted);
  }
}
