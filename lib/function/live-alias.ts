import { Validations } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { ModelFunctionProps } from './model-function-props';
import type { VersionCheckProps } from './version-check';
import { VersionCheck } from './version-check';

export interface LiveAliasOptions {
  readonly props: ModelFunctionProps;
  readonly check: VersionCheckProps;
}

/** Creates the alias that callers use. It moves to a new version only after the version has passed its check. */
export function liveAlias(scope: Construct, id: string, { props, check }: LiveAliasOptions): lambda.Alias {
  const { provisionedConcurrentExecutions: minimum, maxProvisionedConcurrentExecutions: maximum } = props;
  const alias = new lambda.Alias(scope, id, {
    aliasName: 'live',
    version: check.version,
    // With autoscaling, every update would reset a fixed number.
    provisionedConcurrentExecutions: maximum === undefined ? minimum : undefined,
  });
  if (maximum !== undefined) {
    alias.addAutoScaling({ minCapacity: minimum, maxCapacity: maximum })
      .scaleOnUtilization({ utilizationTarget: props.provisionedConcurrencyUtilization ?? 0.7 });
  }
  if (props.reservedConcurrentExecutions === 0) {
    Validations.of(scope).addWarning('cdk-tensorflow:UncheckedVersion', 'reservedConcurrentExecutions is 0, so nothing can be asked, and the alias moves to a new '
      + 'version unchecked: the deployment that raises it asks the version that is published then');
  } else {
    alias.node.addDependency(new VersionCheck(scope, 'VersionCheck', check));
  }
  return alias;
}
