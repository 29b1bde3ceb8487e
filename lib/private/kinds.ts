/** What a property takes, recognized by one of its methods: another copy of the CDK has classes of its own. */
interface Kind {
  readonly method: string;
  readonly description: string;
  readonly example: (given: string) => string;
}

const amount = (given: string) => (/^\d+(\.\d+)?$/.test(given) ? given : '…');
const SIZE: Kind = { method: 'toMebibytes', description: 'a Size', example: (given) => `Size.mebibytes(${amount(given)})` };
const DURATION: Kind = { method: 'toSeconds', description: 'a Duration', example: (given) => `Duration.seconds(${amount(given)})` };
const path = (given: string) => (given.startsWith('"') ? given : '"…"');

const KINDS: Record<string, Kind> = {
  model: { method: '_bind', description: 'a ModelSource', example: (given) => `ModelSource.fromAsset(${path(given)})` },
  evaluation: { method: '_bind', description: 'EvaluationData', example: (given) => `EvaluationData.fromAsset(${path(given)})` },
  recipe: { method: '_render', description: 'an OptimizationRecipe', example: () => 'OptimizationRecipe.forLiteRt()' },
  gate: { method: '_render', description: 'a QualityGate', example: () => 'QualityGate.maxAccuracyLoss(0.01)' },
  ...Object.fromEntries(['memorySize', 'ephemeralStorageSize', 'memoryRequest', 'memoryLimit', 'volumeSize'].map((name) => [name, SIZE])),
  ...Object.fromEntries([
    'timeout', 'optimizationTimeout', 'deploymentMaxLatency', 'maxLatency', 'startupTimeout', 'rolloutTimeout', 'minReadyTime', 'drainTime', 'requestTimeout',
    'batchTimeout', 'bootTimeout', 'connectionDraining', 'instanceWarmup', 'fileSystemPollInterval',
  ].map((name) => [name, DURATION])),
};

/**
 * Returns the properties with a value of another kind, which only a compiler refuses: JavaScript would end in a TypeError far from the cause.
 *
 * @param props of a construct
 * @param required properties that must be there
 */
export function checkKinds(props: object, required: string[] = []): string[] {
  const given = props as Record<string, unknown>;
  return Object.entries(KINDS).flatMap(([name, { method, description, example }]) => {
    const value = given[name];
    if (value === undefined ? !required.includes(name) : typeof (value as Record<string, unknown> | null)?.[method] === 'function') {
      return [];
    }
    const shown = typeof value === 'object' && value !== null ? 'another object' : JSON.stringify(value) ?? 'nothing';
    return [`${name} must be ${description}, got ${shown}: give ${example(shown)}`];
  });
}
