import * as iam from 'aws-cdk-lib/aws-iam';

/**
 * The role of an optimization.
 *
 * The CDK's Project gives its role more than a build needs: every object of the source's bucket, log and report groups by wildcard. While it
 * is being constructed this role declines those statements (each is granted exactly, by us) and takes all others: for a VPC, for secrets.
 * Afterwards it is a role like any other.
 */
export class BuildRole extends iam.Role {
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
