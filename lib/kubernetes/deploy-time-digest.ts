import type { CfnResource } from 'aws-cdk-lib';
import { Lazy, Stack } from 'aws-cdk-lib';
import type { ModelCompatibility } from '../optimization/model-compatibility';

/**
 * A digest of the model and of everything in a value that only CloudFormation knows, such as a parameter with an image's tag.
 *
 * The compatibility check computes it when the model or any of these changes. Without it a changed value would go unnoticed.
 *
 * @param compatibility of the model
 * @param name of the digest among those of this model
 * @param value with tokens; those of the compatibility check itself are left out, or it would have to exist before itself
 */
export function deployTimeDigest(compatibility: ModelCompatibility, name: string, value: unknown): string {
  const stack = Stack.of(compatibility);
  const resource = compatibility.resource.node.defaultChild as CfnResource;
  resource.addPropertyOverride(`Digests.${name}`, Lazy.any({ produce: () => intrinsics(stack.resolve(value), stack.resolve(resource.logicalId)) }));
  return compatibility.resource.getAttString(name);
}

/** The intrinsic functions in a resolved value that have nothing to do with one resource, each once. */
function intrinsics(value: unknown, without: string): unknown[] {
  const found = new Map<string, unknown>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) {
      return;
    }
    const text = JSON.stringify(node);
    const [name, ...others] = Object.keys(node);
    if (others.length === 0 && /^(Ref|Fn::.+)$/.test(name) && !text.includes(`"${without}"`) && !text.includes(`\${${without}`)) {
      found.set(text, node);
    } else {
      Object.values(node).forEach(visit);
    }
  };
  visit(value);
  return [...found.values()];
}
