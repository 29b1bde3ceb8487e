/** Owner of a role, by the path of the role's construct: the name that unused.md uses. */
export type Owner = [RegExp, string];

/** Owners of the roles that the end-to-end tests of functions and fleets deploy. */
export const OWNERS: Owner[] = [
  [/\/Optimizer\/Optimization\/Role$/, 'the job'],
  [/\/TensorFlowModelBuilds\/Role$/, 'the handlers'],
  [/\/TensorFlowModelBuilds\/Framework(OnEvent|IsComplete)Role$/, 'the provider framework'],
  [/\/TensorFlowModelBuilds\/Provider\/waiter-state-machine\/Role$/, 'the provider framework\'s waiter'],
  [/\/Optimizer\/Pruning\/Role$/, 'the pruning function'],
  [/\/Replay\/Role$/, 'the function of a replay'],
  [/\/Capture\/LogsRole$/, 'CloudWatch Logs'],
  [/\/Capture\/StreamRole$/, 'Firehose'],
  [/^Fleet\/Digits\/Role$/, 'the instances'],
  [/^Fleet\/Digits\/CanaryBake\/Role$/, 'the function of a fleet\'s canary'],
  [/^(?!Delivery)\w+\/Points\/Role$/, 'the function'],
  [/^Delivery\/[^/]+\/Role$/, 'a delivery'],
  [/^Delivery\/[^/]+\/Functions\/ReasonRole$/, 'a delivery\'s function for reasons'],
  [/^Delivery\/[^/]+\/Functions\/ParametersRole$/, 'a delivery\'s function for parameters'],
  [/^Endpoint\/Operator$/, 'an operator'],
  [/^Endpoint\/Monitor\/Comparison\/Role$/, 'a monitor'],
  [/^Endpoint\/SchedulerRoleForTarget-\w+$/, 'a monitor\'s schedule'],
];

/** Owners of the roles that only the end-to-end tests of services deploy, which `npm run test:cluster` runs. */
export const SERVICE_OWNERS: Owner[] = [
  [/\/Access\/Role$/, 'the pods'],
];

/** Returns the owner of a role, or undefined for one of somebody else. */
export function ownerAmong(owners: readonly Owner[], path: string): string | undefined {
  const construct = path.replace(/\/Resource$/, '');
  return owners.find(([pattern]) => pattern.test(construct))?.[1];
}
