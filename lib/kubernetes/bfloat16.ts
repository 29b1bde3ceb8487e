import type { OptimizationRecipe } from '../optimization/recipe/optimization-recipe';

/** Name of the bfloat16 feature (AVX-512 or AMX) in the optimizer's manifest.json. */
export const BFLOAT16 = 'bf16';

/** Flags for bfloat16 in /proc/cpuinfo. */
export const BFLOAT16_FLAGS = ['avx512_bf16', 'amx_bf16'];

/** Prefixes of the node labels for instance properties: EKS Auto Mode and Karpenter. */
const LABEL_PREFIXES = ['eks.amazonaws.com', 'karpenter.k8s.aws'];

/**
 * Selects nodes that support bfloat16: Intel from Sapphire Rapids and AMD from Genoa, which EC2 has from instance generation 7.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/create-node-pool.html
 */
export function bfloat16Affinity(): Record<string, unknown> {
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        // Terms are alternatives.
        nodeSelectorTerms: LABEL_PREFIXES.map((prefix) => ({
          matchExpressions: [
            { key: `${prefix}/instance-category`, operator: 'In', values: ['c', 'm', 'r'] },
            { key: `${prefix}/instance-cpu-manufacturer`, operator: 'In', values: ['amd', 'intel'] },
            { key: `${prefix}/instance-generation`, operator: 'Gt', values: ['6'] },
          ],
        })),
      },
    },
  };
}

/** Returns the given features, plus bfloat16 if the recipe needs it and the user did not name it or one of its flags. */
export function processorFeatures(named: string[], recipe: OptimizationRecipe | undefined): string[] {
  const isNamed = named.some((feature) => feature === BFLOAT16 || BFLOAT16_FLAGS.includes(feature));
  return isNamed || !recipe?._cpuFeatures().includes(BFLOAT16) ? named : [...named, BFLOAT16];
}
