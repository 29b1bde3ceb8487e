import { Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { grantKey } from '../../private/key-grant';
import type { OptimizationOptions } from '../optimization-options';

/** The name of a signature, next to the manifest that it signs. runtime/build_runner writes it. */
const SIGNATURE_BUNDLE = 'manifest.json.sigstore.json';

/** Specs of keys that sign. runtime/build_runner has the algorithm of each. */
const SIGNING_SPECS: string[] = [
  kms.KeySpec.ECC_NIST_P256, kms.KeySpec.ECC_NIST_P384, kms.KeySpec.ECC_NIST_P521, kms.KeySpec.RSA_2048, kms.KeySpec.RSA_3072, kms.KeySpec.RSA_4096,
];

const WAY_OUT = 'create it with keySpec: kms.KeySpec.ECC_NIST_P256 and keyUsage: kms.KeyUsage.SIGN_VERIFY';

/** Returns every problem of a key that signs models, as far as synthesis knows it: of an imported key, the deployment finds the rest. */
export function checkSigningKey(key: kms.IKey | undefined): string[] {
  if (key === undefined) {
    return [];
  }
  if ('aliasName' in key || /:alias\//.test(key.keyArn)) {
    return [`signingKey must be a key, got the alias ${JSON.stringify((key as kms.IAlias).aliasName ?? key.keyArn)}, which IAM does not accept in a policy, and which may `
      + 'name another key tomorrow: give the key itself, e.g. by kms.Key.fromKeyArn(…)'];
  }
  const made = key.node.defaultChild;
  if (!(made instanceof kms.CfnKey)) {
    return [];
  }
  const { keySpec = kms.KeySpec.SYMMETRIC_DEFAULT, keyUsage = kms.KeyUsage.ENCRYPT_DECRYPT } = made;
  const problems: string[] = [];
  if (!Token.isUnresolved(keySpec) && !SIGNING_SPECS.includes(keySpec)) {
    problems.push(`signingKey must have one of the specs ${SIGNING_SPECS.join(', ')}, got ${keySpec}: ${WAY_OUT}`);
  }
  if (!Token.isUnresolved(keyUsage) && keyUsage !== kms.KeyUsage.SIGN_VERIFY) {
    problems.push(`signingKey must have the usage SIGN_VERIFY, got ${keyUsage}: ${WAY_OUT}`);
  }
  return problems;
}

/** Returns every problem of the options about signatures. */
export function checkSigning({ signingKey, unsignedVersions }: OptimizationOptions): string[] {
  return [
    ...checkSigningKey(signingKey),
    ...unsignedVersions !== undefined && signingKey === undefined
      ? ['unsignedVersions has no effect without signingKey, because no signature is asked for: give signingKey, or leave unsignedVersions out'] : [],
  ];
}

/** Grants verifying signatures. */
export function grantVerifying(grantee: iam.IGrantable, key: kms.IKey): iam.Grant {
  return grantKey(key, grantee, 'kms:GetPublicKey', 'kms:Verify');
}

/** Grants signing manifests below a prefix: to make signatures, but neither to replace nor to delete them. */
export function grantSigning(grantee: iam.IGrantable, key: kms.IKey, bucket: s3.IBucket, prefix: string): iam.Grant {
  const signatures = iam.Grant.addToPrincipal({
    grantee,
    actions: ['s3:PutObject'],
    resourceArns: [bucket.arnForObjects(signatureBundlePattern(prefix))],
    conditions: { Null: { 's3:if-none-match': 'false' } },
  });
  return grantKey(key, grantee, 'kms:Sign').combine(signatures);
}

/** Denies writing signatures to a role that opens models of unknown origin. */
export function signatureBundleDenial(bucket: s3.IBucket, prefix: string): iam.PolicyStatement {
  return new iam.PolicyStatement({ effect: iam.Effect.DENY, actions: ['s3:PutObject'], resources: [bucket.arnForObjects(signatureBundlePattern(prefix))] });
}

/** Matches the signatures of a model's versions. */
export function signatureBundlePattern(prefix: string): string {
  return `${prefix}/*/${SIGNATURE_BUNDLE}`;
}
