import { readFileSync } from 'fs';
import { join } from 'path';
import { models, ROOT } from './deployment';
import { accuracy, HELD_OUT, likeliest } from './digits';
import { eventually } from './eventually';
import { FleetDeployment } from './fleet-deployment';

const LITERT = { server: 'litert' };
const IMAGES = HELD_OUT.map(({ image }) => image);

/** 32-bit weights, whose numbers differ from those of 16 bits, and no room for that. */
const STRICT = { recipe: 'none', maxRelativeError: '1e-9' };
/** Settings that go back to version 1, which the strict gate would refuse. */
const BACK_TO_FIRST = { maxRelativeError: '1e-9', acceptVersion: '1' };

const pixels = (image: number[][][]) => image.flat(2).map(Math.fround).join();

const PAGE = readFileSync(join(ROOT, 'server', 'src', 'rest', 'explorer.html'), 'utf8');

let fleet: FleetDeployment;

const predictions = async () => (await fleet.ask<{ predictions: number[][] }>(':predict', { instances: IMAGES.slice(0, 5) })).predictions;

beforeAll(async () => {
  fleet = await FleetDeployment.start();
});

afterAll(async () => {
  await fleet?.stop();
});

// Instances of the embedded AWS need root.
(process.getuid?.() === 0 ? describe : describe.skip)('ModelFleet with the LiteRT server, deployed by the CDK command line', () => {
  test('a first deployment leaves an instance whose native server predicts over both ports of the load balancer', async () => {
    const { code, output } = await fleet.deploy(LITERT);
    expect({ code, output: code === 0 ? '' : `${output}\n${fleet.emulator.log().slice(-5000)}` }).toEqual({ code: 0, output: '' });

    expect(accuracy(await fleet.decisions(IMAGES))).toBeGreaterThan(0.95);
    const byGrpc = await fleet.byGrpc((decide) => Promise.all(IMAGES.map(decide)));
    expect(accuracy(byGrpc)).toBeGreaterThan(0.95);
    expect(await fleet.version()).toBe('1');
  });

  test('its metrics have the names of TensorFlow Serving, and LiteRT as the runtime', async () => {
    const page = await (await fetch(`http://${await fleet.connect(8501)}/monitoring/prometheus/metrics`)).text();

    expect(page).toMatch(/:tensorflow:serving:request_count\{model_name="digits",status="OK"\} [1-9]/);
    expect(page).toMatch(/:tensorflow:serving:runtime_latency_count\{.*runtime="LiteRT"\} [1-9]/);
  });

  test('a browser gets the page through the load balancer', async () => {
    const page = await fetch(`http://${await fleet.connect(8501)}/v1/models/digits/explorer`);

    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toBe(PAGE);
  });

  test('requests over both ports are captured with their answers, in the same form', async () => {
    const { predictions } = await fleet.ask<{ predictions: number[][] }>(':predict', { instances: [IMAGES[0]] });
    const [decided] = await fleet.byGrpc((decide) => Promise.all([decide(IMAGES[1])]));

    await eventually(async () => {
      const captured = await fleet.captured();
      expect(captured).toContainEqual(expect.objectContaining({ modelVersion: 1, request: { instances: [IMAGES[0]] }, answer: { predictions } }));
      // The server got the numbers as float32.
      const byGrpc = captured.find(({ request }) => request.inputs && pixels(request.inputs.image[0]) === pixels(IMAGES[1]));
      expect(likeliest(byGrpc!.answer.outputs[0])).toBe(decided);
    });
  });

  // Injects a fault.
  test('a new version that answers captured requests differently is refused, and reaches no instance', async () => {
    const [before, instances] = [await predictions(), await fleet.instances()];

    const { code, output } = await fleet.deploy({ ...LITERT, ...STRICT });

    expect(code).not.toBe(0);
    expect(output).toMatch(/version 2 of the model answers captured requests differently from the versions that answered them: the relative error is /);
    expect(output).toMatch(/The instances keep the version that they had\. If the new answers are better, deploy with replay\.acceptVersion '2'/);
    expect(await fleet.instances()).toEqual(instances);
    expect(await predictions()).toEqual(before);
    expect(await fleet.version()).toBe('1');
  });

  test('accepted by its name, it replaces the instance without a failed request, even on a channel that stays open', async () => {
    const before = await predictions();
    const { result: overRest, ...grpc } = await fleet.predictingOverOneChannel(() => (
      fleet.predictingMeanwhile(() => fleet.deploy({ ...LITERT, ...STRICT, acceptVersion: '2' }))));
    const { result, answered, wrong } = overRest;

    expect({ code: result.code, output: result.code === 0 ? '' : result.output }).toEqual({ code: 0, output: '' });
    expect({ rest: wrong, grpc: grpc.wrong }).toEqual({ rest: [], grpc: [] });
    expect(Math.min(answered, grpc.answered)).toBeGreaterThan(10);
    expect(await fleet.version()).toBe('2');
    expect(await predictions()).not.toEqual(before);
  });

  test('a newly trained model that is worse than the version that serves is refused, and reaches no instance', async () => {
    const [before, instances] = [await predictions(), await fleet.instances()];

    const { code, output } = await fleet.deploy({ ...LITERT, model: join(await models(), 'worse_digits'), notWorse: 'yes' });

    expect(code).not.toBe(0);
    expect(output).toMatch(/loss of accuracy against the version 2, which serves, of/);
    expect(await fleet.instances()).toEqual(instances);
    expect(await predictions()).toEqual(before);
  });

  // Injects a fault.
  test('a library other than the app\'s fails the update with the reason, and the old instance answers throughout', async () => {
    await fleet.damageLibrary();

    const { result, answered, wrong } = await fleet.predictingMeanwhile(() => fleet.deploy({ ...LITERT, ...BACK_TO_FIRST }));

    expect(result.code).not.toBe(0);
    expect(result.output).toContain('Received 1 FAILURE signal(s) out of 1');
    expect(fleet.emulator.log()).toMatch(/FAILURE: s3:\/\/\S+ has the SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}: it is not what was published/);
    expect(wrong).toEqual([]);
    expect(answered).toBeGreaterThan(10);
    expect(await fleet.version()).toBe('2');
  });

  test('cdk destroy ends the instances', async () => {
    const { code } = await fleet.destroy(LITERT);

    expect(code).toBe(0);
    await expect(fleet.connect(8501)).rejects.toThrow('no listener');
  });
});
