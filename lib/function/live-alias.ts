import { Validations } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { ModelFunctionProps } from './model-function-props';
import { isKnown } from './traffic-checks';
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
  warnOfProvisioned(scope, props);
  if (props.reservedConcurrentExecutions === 0) {
    Validations.of(scope).addWarning('cdk-tensorflow:UncheckedVersion', 'reservedConcurrentExecutions is 0, so nothing can be asked, and the alias moves to a new '
      + 'version unchecked: the deployment that raises it asks the version that is published then');
  } else {
    alias.node.addDependency(new VersionCheck(scope, 'VersionCheck', check));
  }
  return alias;
}

/** Warns of what Lambda does not document about provisioned executions while an alias moves, and others have reported. */
function warnOfProvisioned(scope: Construct, props: ModelFunctionProps): void {
  const { provisionedConcurrentExecutions: minimum, maxProvisionedConcurrentExecutions: maximum, reservedConcurrentExecutions: reserved, rollout } = props;
  const largest = maximum ?? minimum;
  if (largest !== undefined && rollout !== undefined) {
    Validations.of(scope).addWarning('cdk-tensorflow:ProvisionedRollout', 'while rollout divides the traffic of the alias, Lambda refuses another number of provisioned '
      + 'executions: change the number and the model in separate deployments');
  }
  if (isKnown(largest) && isKnown(reserved) && reserved > 0 && reserved < 2 * largest + 1) {
    Validations.of(scope).addWarning('cdk-tensorflow:ProvisionedReserve', `the ${reserved} reserved executions may be too few for an update, while the old and the new version have `
      + `up to ${largest} provisioned executions each: reserve ${2 * largest + 1}`);
  }
}
