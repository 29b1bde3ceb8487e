import { PropertyInjectors } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * Returns what the injector of the nearest scope makes of a construct's properties, or the properties if there is none.
 *
 * The CDK's own decorator is not exported.
 *
 * @see https://docs.aws.amazon.com/cdk/v2/guide/blueprints.html
 */
export function injectedProps<Props>(uniqueId: string, props: Props, scope: Construct, id: string): Props {
  const injector = [...scope.node.scopes].reverse()
    .map((at) => PropertyInjectors.hasPropertyInjectors(at) ? PropertyInjectors.of(at).for(uniqueId) : undefined)
    .find((found) => found !== undefined);
  return injector === undefined ? props : injector.inject(props, { scope, id }) as Props;
}
