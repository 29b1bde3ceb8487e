import { readMeasured } from './measured';
import { parseRecommendOptions, USAGE } from './options';
import { readPrices } from './prices';
import { recommend } from './recommend';
import { recommendationText } from './text';

/** Runs `cdk-tensorflow recommend` and returns its exit code. Throws if the options are wrong, or the artifact has no figures. */
export async function recommendCommand(args: string[]): Promise<number> {
  const options = parseRecommendOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { artifact, rate, p99, processorFactor } = options;
  const found = recommend({ measured: readMeasured(artifact), wanted: { rate, p99, processorFactor }, prices: readPrices(options.prices) });
  process.stdout.write(options.json ? `${JSON.stringify(found, undefined, 2)}\n` : recommendationText(found));
  return found.cheapest === undefined ? 1 : 0;
}
