import { Lazy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { nameDefaultPolicy } from './default-policy';

/**
 * A role whose first permissions are part of it, so that they add no resource to the stack, until `seal()`; later ones go to its default policy.
 *
 * The policy of a KMS key may name the role, which then must refer neither to the key nor to a resource that the key encrypts. Permissions for keys
 * always go to the default policy. Call `seal()` before granting access to a resource that may have a key of the user's.
 */
export class InlinePolicyRole extends iam.Role {
  private readonly permissions: iam.PolicyDocument;
  private isSealed = false;

  constructor(scope: Construct, id: string, props: iam.RoleProps) {
    const permissions = new iam.PolicyDocument();
    super(scope, id, { ...props, inlinePolicies: { Permissions: permissions } });
    this.permissions = permissions;
    nameDefaultPolicy(this);
    const resource = this.node.defaultChild as iam.CfnRole;
    const { policies } = resource;
    // An empty list, because rule packs such as cdk-nag's do not expect a token without a value.
    resource.policies = Lazy.any({ produce: () => permissions.isEmpty ? [] : policies });
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
