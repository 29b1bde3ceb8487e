import { Deployment } from './deployment';
import type { Expectation } from './deployment';
import { expectClose, expectDeployed, withoutLogs } from './expectations';

const STACK = 'Endpoint';

let deployment: Deployment;
let first: Expectation;
let second: Expectation;

/** Context that deploys one of the models with its data. */
const serving = (name: string) => ({ model: deployment.file(name), data: deployment.file(`${name}.npz`) });

/** Version 2 is published, and version 1 serves. */
beforeAll(async () => {
  deployment = await Deployment.start();
  first = deployment.expectation('first');
  second = deployment.expectation('second');
  for (const name of ['first', 'second', 'first']) {
    await expectDeployed(deployment, STACK, serving(name));
  }
});

afterAll(() => deployment?.stop());

describe('a deployment of ModelFunction that fails', () => {
  // Injects a fault.
  test('a model that cannot be read fails the build with one sentence, and the previous version keeps serving', async () => {
    const before = deployment.outputs(STACK);
    const { code, output } = await deployment.deploy(STACK, { model: deployment.file('broken.keras') });

    expect(code).not.toBe(0);
    expect(withoutLogs(output)).toContain('broken.keras');
    expect(withoutLogs(output)).not.toContain('Traceback');
    expectClose(await deployment.predict(before, first.instances), first.predictions);
  });

  // Injects a fault.
  test('a version whose signature was deleted or changed does not serve, and the previous version keeps serving', async () => {
    const before = deployment.outputs(STACK);
    const key = (await deployment.keys(before.ArtifactBucket)).find((name) => name.endsWith('/litert/2/manifest.json.sigstore.json'))!;
    const signature = await deployment.text(before.ArtifactBucket, key);
    const changed = JSON.parse(signature);
    changed.dsseEnvelope.payload = Buffer.from(`${Buffer.from(changed.dsseEnvelope.payload, 'base64').toString()} `).toString('base64');
    const refusals: [() => Promise<unknown>, string][] = [
      [() => deployment.remove(before.ArtifactBucket, key), 'has no signature'],
      [() => deployment.write(before.ArtifactBucket, key, JSON.stringify(changed)), 'signature and statement do not belong together'],
    ];

    for (const [harm, sentence] of refusals) {
      await harm();
      const { code, output } = await deployment.deploy(STACK, serving('second'));

      expect(code).not.toBe(0);
      expect(output).toContain(sentence);
      expect(await deployment.status(STACK)).toBe('UPDATE_ROLLBACK_COMPLETE');
      expectClose(await deployment.predict(before, first.instances), first.predictions);
    }
    await deployment.write(before.ArtifactBucket, key, signature);
    const restored = await deployment.deploy(STACK, serving('second'));

    expect({ code: restored.code, output: restored.code === 0 ? '' : restored.output }).toEqual({ code: 0, output: '' });
    expectClose(await deployment.predict(deployment.outputs(STACK), second.instances), second.predictions);
  });

  // Injects a fault.
  test('a first deployment that fails leaves nothing that blocks the next', async () => {
    const failed = await deployment.deploy('Fresh', { model: deployment.file('broken.keras') });
    expect(failed.code).not.toBe(0);

    const { code } = await deployment.deploy('Fresh', serving('second'));
    expect(code).toBe(0);
    expectClose(await deployment.predict(deployment.outputs('Fresh'), second.instances), second.predictions);
  });
});
