import { Stack, Token, ValidationError, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { lit } from './errors';

/**
 * Grants the use of a key, if there is one, by the key's own method, because the key may be an alias, which IAM does not accept in a policy.
 *
 * A key that the app makes in another account or Region is refused: the CDK would write the grantee into the key's policy, and fails far from the
 * cause where the grantee's name is CloudFormation's to make. A key imported by its alias, for which the CDK may grant nothing, is a warning: the policy
 * of the key may allow its use to the account.
 */
export function grantKey(key: kms.IKey, grantee: iam.IGrantable, ...actions: string[]): iam.Grant;
export function grantKey(key: kms.IKey | undefined, grantee: iam.IGrantable, ...actions: string[]): iam.Grant | undefined;
export function grantKey(key: kms.IKey | undefined, grantee: iam.IGrantable, ...actions: string[]): iam.Grant | undefined {
  if (key === undefined) {
    return undefined;
  }
  const role = grantee.grantPrincipal;
  if (Construct.isConstruct(role) && hasGeneratedName(role) && key.node.defaultChild instanceof kms.CfnKey) {
    const [here, there] = [role, key].map((construct) => environmentOf(construct));
    if (here !== there) {
      throw new ValidationError(lit`KeyOfAnotherEnvironment`,
        `the key ${JSON.stringify(key.node.path)} is made in ${there}, and its policy cannot name roles of ${JSON.stringify(Stack.of(role).node.path)} (${here}), whose names are `
        + 'made when they are deployed. Let the account use the key, e.g. key.grantDecrypt(new iam.AccountPrincipal(…)), and import it here: kms.Key.fromKeyArn(…), '
        + 'and with it its bucket: s3.Bucket.fromBucketAttributes(this, …, { bucketName, encryptionKey })', role);
    }
  }
  const grant = key.grant(grantee, ...actions);
  if (Construct.isConstruct(role) && (!grant.success || isAliasArn(key))) {
    warnOfAlias(key);
  }
  return grant;
}

/** IAM compares a request with the ARN of the key, never with that of an alias. */
function isAliasArn(key: kms.IKey): boolean {
  return !('aliasName' in key) && /:alias\//.test(key.keyArn);
}

/** The policies of the keys that AWS manages allow every role of the account. */
function warnOfAlias(key: kms.IKey): void {
  const alias = (key as Partial<kms.IAlias>).aliasName ?? key.keyArn.replace(/^.*:(?=alias\/)/, '');
  if (!alias.startsWith('alias/aws/')) {
    Validations.of(key).addWarning('cdk-tensorflow:KeyByAlias', `the key is given by its alias ${JSON.stringify(alias)}, for which the CDK gives roles no permissions: they may use `
      + 'it only if its own policy says so. Give the key, e.g. by kms.Key.fromLookup(this, …, { aliasName }) or kms.Key.fromKeyArn(…), or import the alias with '
      + 'kms.Alias.fromAliasName(…) and the feature flag @aws-cdk/aws-kms:applyImportedAliasPermissionsToPrincipal');
  }
}

function hasGeneratedName(role: Construct): boolean {
  const made = role.node.defaultChild;
  return made instanceof iam.CfnRole && Stack.of(role).resolve(made.roleName) === undefined;
}

function environmentOf(construct: Construct): string {
  const { account, region } = Stack.of(construct);
  const known = (value: string) => Token.isUnresolved(value) ? 'of the deployment' : value;
  return `the account ${known(account)} and Region ${known(region)}`;
}
