import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/**
 * A role whose first permissions are part of it, so that they add no resource to the stack, until `seal()`; later ones go to its default policy.
 *
 * Permissions for a KMS key always go there: the policy of a key may name the role, and the role would name the key.
 */
export class InlinePolicyRole extends iam.Role {
  private readonly permissions: iam.PolicyDocument;
  private isSealed = false;

  constructor(scope: Construct, id: string, props: iam.RoleProps) {
    const permissions = new iam.PolicyDocument();
    super(scope, id, { ...props, inlinePolicies: { Permissions: permissions } });
    this.permissions = permissions;
  }

  public override addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    if (this.isSealed || statement.actions.some((action) => action.startsWith('kms:'))) {
      return super.addToPrincipalPolicy(statement);
    }
    this.permissions.addStatements(statement);
    return { statementAdded: true, policyDependable: this };
  }

  public seal(): void {
    this.isSealed = true;
  }
}
