import { Aspects } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/**
 * Names the default policy of a role, which needs a name of its own among the role's policies only.
 *
 * The CDK's name is the policy's logical id, so that `cdk refactor` could not rename the construct.
 */
export function nameDefaultPolicy(role: IConstruct): void {
  Aspects.of(role).add({
    visit: (node) => {
      if (node instanceof iam.CfnPolicy && node.node.scope?.node.id === 'DefaultPolicy') {
        node.policyName = 'DefaultPolicy';
      }
    },
  });
}
