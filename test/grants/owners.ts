/** Whose role it is, by the path of its construct: what docs/security.md calls them. */
export const OWNERS: [RegExp, string][] = [
  [/\/Optimizer\/Optimization\/Role$/, 'the job'],
  [/\/TensorFlowModelBuilds\/Role$/, 'the handlers'],
  [/\/TensorFlowModelBuilds\/Framework(OnEvent|IsComplete)Role$/, 'the provider framework'],
  [/\/TensorFlowModelBuilds\/Provider\/waiter-state-machine\/Role$/, 'the provider framework\'s waiter'],
  [/\/Capture\/LogsRole$/, 'CloudWatch Logs'],
  [/\/Capture\/StreamRole$/, 'Firehose'],
  [/^Fleet\/Digits\/Role$/, 'the instances'],
  [/^(?!Delivery)\w+\/Points\/Role$/, 'the function'],
  [/^Delivery\/[^/]+\/Role$/, 'a delivery'],
  [/^Delivery\/[^/]+\/Functions\/ReasonRole$/, 'a delivery\'s function for reasons'],
  [/^Delivery\/[^/]+\/Functions\/ParametersRole$/, 'a delivery\'s function for parameters'],
  [/^Endpoint\/Operator$/, 'an operator'],
];

/** Returns the owner of a role, or undefined for one that is not this library's. */
export function ownerOf(path: string): string | undefined {
  const construct = path.replace(/\/Resource$/, '');
  return OWNERS.find(([pattern]) => pattern.test(construct))?.[1];
}
