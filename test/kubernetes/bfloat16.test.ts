import { App, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { ModelSource, OptimizationRecipe, Quantization } from '../../lib';
import { checkServiceProps } from '../../lib/kubernetes/service-checks';

/** Of a service whose recipe makes a model in bfloat16. */
function problems(cpuFeatures?: string[], recipe = OptimizationRecipe.of(Quantization.bfloat16())): string[] {
  const cluster = eks.Cluster.fromClusterAttributes(new Stack(new App(), 'Stack'), 'Cluster', { clusterName: 'cluster' });
  const model = ModelSource.fromAsset('examples/digits/saved_model');
  return checkServiceProps({ cluster, model, recipe, cpuFeatures, applyManifests: false }, { modelName: 'digits', serviceName: 'digits' });
}

test.each([undefined, [], ['avx2']])('a model in bfloat16 needs nodes of which that is said, not %j', (cpuFeatures) => {
  expect(problems(cpuFeatures)).toEqual([expect.stringContaining('have each pod check them by cpuFeatures: [\'avx512_bf16\']')]);
});

test.each(['avx512_bf16', 'amx_bf16'])('nodes with %s are such nodes', (feature) => {
  expect(problems(['avx2', feature])).toEqual([]);
});

test('other models need none', () => {
  expect(problems(undefined, OptimizationRecipe.forServing())).toEqual([]);
});
