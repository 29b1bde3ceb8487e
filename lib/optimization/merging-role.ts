import * as iam from 'aws-cdk-lib/aws-iam';

/** Resources of one statement: IAM splits policies that are too long between statements only, and limits each part to 6,144 characters. */
const MAX_RESOURCES = 10;

interface Merged {
  readonly statement: iam.PolicyStatement;
  readonly result: iam.AddToPrincipalPolicyResult;
}

/**
 * A role for many models, where a permission that differs from an earlier one in its resources only is added to the earlier statement.
 *
 * The policies stay shorter, so they overflow into managed policies later, and take less time to render.
 */
export class MergingRole extends iam.Role {
  private readonly merged = new Map<string, Merged>();

  public override addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    const key = mergeKey(statement);
    const earlier = key === undefined ? undefined : this.merged.get(key);
    if (earlier && !earlier.statement.frozen && fits(earlier.statement, statement)) {
      merge(earlier.statement, statement);
      return earlier.result;
    }
    const result = super.addToPrincipalPolicy(statement);
    if (key !== undefined) {
      this.merged.set(key, { statement, result });
    }
    return result;
  }
}

/** What two statements must have in common. Undefined if the statement is merged with none. */
function mergeKey(statement: iam.PolicyStatement): string | undefined {
  const { effect, actions, resources, conditions } = statement;
  const isPlain = actions.length > 0 && resources.length > 0 && statement.sid === undefined && hasTexts(conditions);
  // A list of keys may be longer as well as a list of resources, but not both: each prefix belongs to its bucket.
  const common = prefixesOf(statement) === undefined ? conditions : [...resources];
  return isPlain ? JSON.stringify([effect, [...actions].sort(), common]) : undefined;
}

/** Whether all values are texts: other tokens look alike as JSON. */
function hasTexts(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) ? value.every(hasTexts)
    : typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(hasTexts));
}

/** The prefixes of keys that a statement is limited to, if by nothing else. */
function prefixesOf({ conditions }: iam.PolicyStatement): string[] | undefined {
  const [[operator, test] = ['', {}], ...others] = Object.entries(conditions as Record<string, Record<string, unknown>>);
  const prefixes = test['s3:prefix'];
  return operator === 'StringLike' && others.length === 0 && Object.keys(test).length === 1 && Array.isArray(prefixes) ? prefixes as string[] : undefined;
}

function fits(earlier: iam.PolicyStatement, later: iam.PolicyStatement): boolean {
  return listOf(earlier).length + listOf(later).filter((text) => !listOf(earlier).includes(text)).length <= MAX_RESOURCES;
}

function listOf(statement: iam.PolicyStatement): string[] {
  return prefixesOf(statement) ?? statement.resources;
}

function merge(earlier: iam.PolicyStatement, later: iam.PolicyStatement): void {
  const prefixes = prefixesOf(later);
  if (prefixes === undefined) {
    earlier.addResources(...later.resources);
  } else {
    earlier.addCondition('StringLike', { 's3:prefix': [...new Set([...prefixesOf(earlier)!, ...prefixes])] });
  }
}
