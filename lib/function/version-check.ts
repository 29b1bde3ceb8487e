import { CustomResource } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { BuildProvider } from '../optimization/build-provider';
import type { ModelHook } from './model-hook';

/** Which version is asked, and for what. */
export interface VersionCheckProps {
  readonly version: lambda.IVersion;
  readonly modelName: string;
  readonly hook?: ModelHook;
}

/**
 * Asks a published version for answers when it is deployed, and fails where it gives none.
 *
 * The alias depends on it: callers keep the version that they have when the new one does not start, or its model or hook
 * does not load or run.
 */
export class VersionCheck extends Construct {
  constructor(scope: Construct, id: string, props: VersionCheckProps) {
    super(scope, id);
    const provider = BuildProvider.of(this);
    // A policy of its own: the provider's others are needed before there is a version.
    const policy = new iam.Policy(this, 'Policy', {
      roles: [provider.role],
      statements: [new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [props.version.functionArn] })],
    });
    const resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::TensorFlowVersionCheck',
      serviceToken: provider.serviceToken,
      properties: {
        Mode: 'check',
        FunctionVersion: props.version.functionArn,
        ModelName: props.modelName,
        Hooked: props.hook ? 'true' : 'false',
        Event: props.hook?._checkEvent ?? '',
      },
    });
    resource.node.addDependency(provider, policy);
  }
}
