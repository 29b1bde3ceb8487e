import { eventually } from '../eventually';
import { answersGolden } from '../golden-check';
import { functionUrl } from '../paths';
import { FUNCTION } from './stacks';
import type { Tools } from './trial';

/** Maximum wait for captured requests: Firehose writes after the time that `capture` allows, and a new stream takes minutes. */
const CAPTURE_SECONDS = 1200;

async function deployed({ account, checks, region }: Tools, promise: string, context: Record<string, string>): Promise<boolean> {
  const { code, output } = await account.deploy(FUNCTION, context);
  if (checks.expect(promise, code === 0, code === 0 ? '' : output.slice(-2000))) {
    const { Url, ArtifactBucket, ManifestKey } = account.outputs(FUNCTION);
    await answersGolden(account, checks, functionUrl(Url, region), ArtifactBucket, ManifestKey);
    return true;
  }
  return false;
}

/** Deploys a function on arm64, whose processors LiteRT does not find by itself. */
export async function arm64(tools: Tools): Promise<void> {
  if (await deployed(tools, 'a function on arm64 is deployed, and predicts', { parts: 'arm64' })) {
    const { account, checks } = tools;
    const { runtime } = await account.live(account.outputs(FUNCTION).FunctionName);
    checks.expect('with the native runtime', runtime.startsWith('provided'), runtime);
  }
}

/** Shifts the traffic of a function, then changes the number of provisioned executions alone, and together with the model. */
export async function traffic(tools: Tools): Promise<void> {
  const parts = 'rollout';
  if (await deployed(tools, 'a function whose traffic shifts is deployed', { parts })) {
    await deployed(tools, 'half of the traffic goes to a new version for a minute, then all', { parts, recipe: 'none' });
    await deployed(tools, 'provisioned executions are added alone', { parts, recipe: 'none', provisioned: '1' });
    await deployed(tools, 'their number and the model change in one deployment (N6, N10)', { parts, provisioned: '2' });
  }
}

/** Captures requests, compares them with the evaluation data, and signs what is published. */
export async function capture(tools: Tools): Promise<void> {
  const { account, checks } = tools;
  if (!await deployed(tools, 'a function with capture, a monitor and a signing key is deployed at once', { parts: 'capture' })) {
    return;
  }
  const { ArtifactBucket, ManifestKey, CaptureBucket, MonitorProject } = account.outputs(FUNCTION);
  checks.expect('the version is signed', await account.exists(ArtifactBucket, `${ManifestKey}.sigstore.json`));
  const captured = await eventually(CAPTURE_SECONDS, async () => (await account.keys(CaptureBucket, 'digits/')).at(0)).catch(() => undefined);
  checks.expect('its requests are in the capture bucket', captured !== undefined, captured ?? `none after ${CAPTURE_SECONDS} s`);
  const result = await account.build(MonitorProject);
  checks.expect('the monitor compares them', result === 'SUCCEEDED', result);
  checks.expect('and writes a report', (await account.keys(CaptureBucket, 'drift-reports/digits/')).length > 0);
}
