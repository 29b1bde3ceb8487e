import { measuredIn } from '../../cli/recommend/measured';
import { functionSeconds } from '../../cli/recommend/offer';
import type { Golden } from '../../lib/private/documents/golden';
import type { Manifest } from '../../lib/private/documents/manifest';
import { goldenKey } from '../demo/golden';
import type { Account } from './account';
import type { Checks } from './checks';

const INVOCATIONS = 100;

/**
 * Measures what `cdk-tensorflow recommend` cannot know: the median time that Lambda's processor takes for a request, over the time that follows from
 * what the job measured. The function has one full processor.
 */
export async function processorFactor(
  { account, checks, stack, manifestKey }: { account: Account; checks: Checks; stack: string; manifestKey: string },
): Promise<void> {
  const { ArtifactBucket, FunctionName } = account.outputs(stack);
  const manifest = JSON.parse(await account.text(ArtifactBucket, manifestKey)) as Manifest;
  const golden = JSON.parse(await account.text(ArtifactBucket, goldenKey(manifestKey))) as Golden;
  const durations: number[] = [];
  for (let turn = 0; turn < INVOCATIONS; turn++) {
    durations.push(...await account.duration(`${FunctionName}:live`, golden.requests[0].request));
  }
  if (durations.length === 0) {
    checks.expect('Lambda does not say how long a request took, so `--processor-factor` stays unknown', true);
    return;
  }
  const median = durations.sort((left, right) => left - right)[Math.floor(durations.length / 2)];
  const expected = 1000 * functionSeconds({ measured: measuredIn(manifest, manifestKey), wanted: { processorFactor: 1 } });
  checks.expect('Lambda says how long requests took', durations.length === INVOCATIONS,
    `${median.toFixed(2)} ms, and ${expected.toFixed(2)} follow from the job: \`cdk-tensorflow recommend --processor-factor ${(median / expected).toPrecision(2)}\``);
}
