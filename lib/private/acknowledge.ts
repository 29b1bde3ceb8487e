import { Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * Acknowledges cdk-nag's finding on a wildcard in a policy's resource.
 *
 * The finding's id contains the resource as in the template, so it depends on the app and is computed here.
 */
export function acknowledgeWildcard(scope: Construct, resourceArn: string, reason: string): void {
  acknowledge(scope, 'AwsSolutions-IAM5[Resource', resourceArn, reason);
}

/** Acknowledges cdk-nag's finding on a managed policy of AWS. */
export function acknowledgeManagedPolicy(scope: Construct, policyArn: string, reason: string): void {
  acknowledge(scope, 'AwsSolutions-IAM4[Policy', policyArn, reason);
}

/** cdk-nag's rules that want a function's runtime to be the newest. */
export const LATEST_RUNTIME_RULES = ['AwsSolutions-L1', 'Serverless-LambdaLatestVersion'];

/** Returns the names that a rule has in cdk-nag's packs of compliance standards. */
export function acrossPacks(rule: string): string[] {
  return ['NIST.800.53.R5', 'HIPAA.Security', 'PCI.DSS.321'].map((pack) => `${pack}-${rule}`);
}

function acknowledge(scope: Construct, finding: string, arn: string, reason: string): void {
  const id = `${finding}::${flatten(Stack.of(scope).resolve(arn))}]`;
  // Writes the record directly: Validations.acknowledge() accepts one double colon per id at most, and AWS::AccountId brings another.
  scope.node.addMetadata(Validations.ACKNOWLEDGED_RULES_METADATA_KEY, { [id]: reason });
}

/** Formats a resolved value as cdk-nag does: references in angle brackets, joined parts joined. */
function flatten(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return String(value).replace(/\$\{/g, '<').replace(/\}/g, '>');
  }
  const [name, content] = Object.entries(value)[0] as [string, unknown];
  switch (name) {
    case 'Ref':
      return `<${String(content)}>`;
    case 'Fn::GetAtt':
      return `<${(content as string[]).join('.')}>`;
    case 'Fn::Join':
      return (content as [string, unknown[]])[1].map(flatten).join((content as [string])[0]);
    case 'Fn::Sub':
    case 'Fn::ImportValue':
      return flatten(content);
    default:
      return JSON.stringify(value);
  }
}
