import type { Construct } from 'constructs';
import { FleetCanaryGate } from './canary-gate';
import type { FleetCanarySettings } from './canary-settings';
import type { InstanceGroup, InstanceGroupOptions } from './instance-group';
import { instanceGroup } from './instance-group';

/**
 * Creates the small group that gets a version first, behind the same load balancer. The other instances wait until it has served it.
 *
 * Its number of instances is fixed: the scaling of the fleet is the other group's.
 *
 * @param stable the other group
 */
export function canaryGroup(
  scope: Construct, canary: FleetCanarySettings, stable: InstanceGroup, options: InstanceGroupOptions & { readonly modelName: string },
): InstanceGroup {
  const { instances } = canary;
  const settings = { ...options.settings, minCapacity: instances, maxCapacity: instances + 1, minInstancesInService: instances };
  const created = instanceGroup(scope, 'Canary', { ...options, settings });
  stable.group.node.addDependency(new FleetCanaryGate(scope, 'CanaryGate', { ...created, ...options, canary }));
  return created;
}
