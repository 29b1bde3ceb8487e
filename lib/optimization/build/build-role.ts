import type * as iam from 'aws-cdk-lib/aws-iam';
import { InlinePolicyRole } from '../../private/inline-policy-role';

/**
 * The role of an optimization.
 *
 * The CDK's Project grants its role more than a build needs: every object of the source's bucket, and log and report groups by wildcard. While the
 * project is being constructed, this role ignores those statements, which are granted exactly elsewhere, and accepts all others, e.g. for a VPC or
 * secrets. Afterwards it behaves like any role.
 */
export class BuildRole extends InlinePolicyRole {
  private isSelective = true;

  public override addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    const isProjectsOwn = statement.actions.some((action) => /^(s3|logs|codebuild):/.test(action) || /^kms:.*\*$/.test(action));
    if (this.isSelective && isProjectsOwn) {
      return { statementAdded: true, policyDependable: this };
    }
    return super.addToPrincipalPolicy(statement);
  }

  public takeEverything(): void {
    this.isSelective = false;
  }
}
