import type { OptimizationRecipe } from '../optimization/optimization-recipe';

/** That a processor computes with bfloat16, by AVX-512 or by AMX: as the optimizer names it in manifest.json. */
export const BFLOAT16 = 'bf16';

/** What stands for it in /proc/cpuinfo. */
export const BFLOAT16_FLAGS = ['avx512_bf16', 'amx_bf16'];

/** Who labels nodes with what their instances are: EKS Auto Mode, and Karpenter where the user runs it. */
const LABEL_PREFIXES = ['eks.amazonaws.com', 'karpenter.k8s.aws'];

/**
 * Nodes whose processors compute with bfloat16: of Intel from Sapphire Rapids on and of AMD from Genoa on, which are the 7th generation of EC2's instances.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/create-node-pool.html
 */
export function bfloat16Affinity(): Record<string, unknown> {
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        // One term is enough.
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

/** The features that the user named, and the one that the recipe needs: it is not added to a name of it, by which the user says what the nodes have. */
export function processorFeatures(named: string[], recipe: OptimizationRecipe | undefined): string[] {
  const isNamed = named.some((feature) => feature === BFLOAT16 || BFLOAT16_FLAGS.includes(feature));
  return isNamed || !recipe?._cpuFeatures().includes(BFLOAT16) ? named : [...named, BFLOAT16];
}
