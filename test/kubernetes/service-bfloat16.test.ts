import { ModelSource, OptimizationRecipe, Quantization } from '../../lib';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { DIGITS, offerOf, podOf, stackWith } from './fixtures';

/** Processor flags that the init container looks for on the node. */
const checkedFeatures = (pod: any): string => pod.initContainers.find(({ name }: any) => name === 'verify-model').env.find(({ name }: any) => name === 'CPU_FEATURES').value;

/** A service whose recipe makes a model in bfloat16. */
const optimized = (props: Partial<ModelServiceProps> = {}) => stackWith({
  model: ModelSource.fromAsset(DIGITS), recipe: OptimizationRecipe.of(Quantization.bfloat16()), ...props,
});

describe('a model in bfloat16', () => {
  test('goes to nodes of Auto Mode or Karpenter whose processors have it', () => {
    const { affinity } = podOf(stackWith({ cpuFeatures: ['bf16'] }));

    const terms = affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
    expect(terms.map(({ matchExpressions }: any) => matchExpressions.map(({ key, operator, values }: any) => `${key} ${operator} ${values}`))).toEqual([
      ['eks.amazonaws.com/instance-category In c,m,r', 'eks.amazonaws.com/instance-cpu-manufacturer In amd,intel', 'eks.amazonaws.com/instance-generation Gt 6'],
      ['karpenter.k8s.aws/instance-category In c,m,r', 'karpenter.k8s.aws/instance-cpu-manufacturer In amd,intel', 'karpenter.k8s.aws/instance-generation Gt 6'],
    ]);
  });

  test('goes there because of its recipe alone', () => {
    const stack = optimized({ cpuFeatures: ['avx2'] });

    expect(podOf(stack)).toHaveProperty('affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution');
    expect(checkedFeatures(podOf(stack))).toBe('avx2 avx512_bf16|amx_bf16');
    expect(offerOf(stack)).toMatchObject({ cpuFeatures: ['avx2', 'bf16'] });
  });

  test.each(['avx512_bf16', 'amx_bf16'])('goes to any node that the user declares to have %s', (feature) => {
    const stack = optimized({ cpuFeatures: [feature], nodeSelector: { pool: 'models' } });

    expect(podOf(stack)).not.toHaveProperty('affinity');
    expect(checkedFeatures(podOf(stack))).toBe(feature);
    expect(offerOf(stack)).toMatchObject({ cpuFeatures: [feature] });
  });

  test('each pod checks that its node has one of the two kinds of it', () => {
    expect(checkedFeatures(podOf(stackWith({ cpuFeatures: ['avx2', 'bf16'] })))).toBe('avx2 avx512_bf16|amx_bf16');
  });

  test('is offered to a published model', () => {
    expect(offerOf(stackWith({ cpuFeatures: ['bf16'] }))).toMatchObject({ cpuFeatures: ['bf16'] });
  });

  test('an affinity of the user\'s replaces that of the library, and the check stays', () => {
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [] }] } } };
    const pod = podOf(stackWith({ cpuFeatures: ['bf16'], podSpec: { affinity } }));

    expect(pod.affinity).toEqual(affinity);
    expect(checkedFeatures(pod)).toBe('avx512_bf16|amx_bf16');
  });

  test('other models go to any node', () => {
    expect(podOf(stackWith())).not.toHaveProperty('affinity');
    expect(podOf(stackWith({ cpuFeatures: ['avx2'] }))).not.toHaveProperty('affinity');
  });
});
