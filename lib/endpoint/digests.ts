import { createHash } from 'crypto';
import type { CfnResource } from 'aws-cdk-lib';
import { CfnElement, Lazy, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ModelCompatibility } from '../optimization/model-compatibility';

/** Beginning of a reference that CloudFormation replaces by a secret, which the check would get and its provider write into a log. */
const DYNAMIC_REFERENCE = '{{resolve:';

/**
 * Computes a digest of the model, its runtime, and everything in a value that only CloudFormation knows, such as a parameter with an image's tag.
 *
 * Without it, the template would not change when only such a value does.
 *
 * @param compatibility computes the digest
 * @param name of the digest, unique for this model
 * @param value with tokens; tokens of the compatibility check itself are left out, because it cannot depend on itself
 * @param dependents resources that depend on the check, whose tokens are left out for the same reason
 */
export function deployTimeDigest(compatibility: ModelCompatibility, name: string, value: unknown, dependents: CfnResource[] = []): string {
  const stack = Stack.of(compatibility);
  const resource = compatibility.resource.node.defaultChild as CfnResource;
  const without = () => [resource, ...dependents].map(({ logicalId }) => stack.resolve(logicalId) as string);
  resource.addPropertyOverride(`Digests.${name}`, Lazy.any({ produce: () => intrinsics(stack.resolve(value), without()) }));
  return compatibility.resource.getAttString(name);
}

/** Returns the distinct intrinsic functions in a resolved value that refer to none of the resources in `without`, and to no secret. */
function intrinsics(value: unknown, without: string[]): unknown[] {
  const found = new Map<string, unknown>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) {
      return;
    }
    const text = JSON.stringify(node);
    const [name, ...others] = Object.keys(node);
    const allowed = !without.some((id) => text.includes(`"${id}"`) || text.includes(`\${${id}`)) && !text.includes(DYNAMIC_REFERENCE);
    if (others.length === 0 && /^(Ref|Fn::.+)$/.test(name) && allowed) {
      found.set(text, node);
    } else {
      Object.values(node).forEach(visit);
    }
  };
  visit(value);
  return [...found.values()];
}

/**
 * Returns a digest that is the same in every synthesis, even if the value contains tokens, and whatever the scope's id is.
 *
 * @param scope a construct whose resources count by their place below it
 */
export function stableDigest(scope: Construct, value: unknown): string {
  const stack = Stack.of(scope);
  const places = new Map(scope.node.findAll().filter((child) => CfnElement.isCfnElement(child))
    .map((child) => [stack.resolve(child.logicalId) as string, child.node.path.slice(scope.node.path.length)]));
  return createHash('sha256').update(JSON.stringify(withPlaces(stack.resolve(value), places))).digest('hex').slice(0, 8);
}

/** Replaces logical ids in the references of a resolved value. */
function withPlaces(value: unknown, places: Map<string, string>): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => withPlaces(item, places));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => {
    if (key === 'Ref') {
      return [key, places.get(member as string) ?? member];
    }
    const [id, ...attribute] = key === 'Fn::GetAtt' && Array.isArray(member) ? member as string[] : [];
    return [key, id === undefined ? withPlaces(member, places) : [places.get(id) ?? id, ...attribute]];
  }));
}
