import type { Outputs } from './deployment';
import { Deployment } from './deployment';
import { eventually } from './eventually';
import { expectDeployed, receiveEvents } from './expectations';
import { callAction, callQuery } from './requests';

const STACK = 'Endpoint';
const SAMPLES = 300;
/** Irrational numbers: the fractions of their multiples are uniform, and independent of each other. */
const IRRATIONAL = [Math.SQRT2, Math.sqrt(3), Math.sqrt(5), Math.sqrt(7)];

/** The outputs of lab/e2e/monitor-app.ts. */
interface Monitored extends Outputs {
  readonly CaptureBucket: string;
  readonly ProjectName: string;
  readonly ScheduleName: string;
  readonly AlarmName: string;
  readonly QueueUrl: string;
}

interface Build {
  readonly id: string;
  readonly buildStatus: string;
}

let deployment: Deployment;
let outputs: Monitored;

/** Sends samples of the evaluation data's distribution, times a factor, and waits until they are captured. */
async function send(factor: number): Promise<void> {
  const instances = Array.from({ length: SAMPLES }, (_, sample) => IRRATIONAL.map((number) => factor * (2 * ((sample * number) % 1) - 1)));
  const before = (await captured()).length;
  await deployment.predict(outputs, instances);
  await eventually(async () => expect((await captured()).length).toBeGreaterThan(before));
}

async function captured(): Promise<string[]> {
  return (await deployment.keys(outputs.CaptureBucket)).filter((key) => key.startsWith('points/'));
}

async function builds(): Promise<string[]> {
  return (await callAction(deployment.emulator, 'codebuild', 'CodeBuild_20161006.ListBuildsForProject', { projectName: outputs.ProjectName })).ids;
}

async function scheduler(method: string, name: string, body?: object): Promise<any> {
  const { endpoint, region } = deployment.emulator;
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20261124/${region}/scheduler/aws4_request, SignedHeaders=host, Signature=0`;
  const answer = await fetch(`${endpoint}/schedules/${name}`, { method, headers: { authorization }, body: body && JSON.stringify(body) });
  expect(answer.status).toBe(200);
  return answer.json();
}

/** Runs the monitor's daily schedule now, and returns the build that has ended. */
async function compared(): Promise<Build> {
  const before = await builds();
  const { Target } = await scheduler('GET', outputs.ScheduleName);
  await scheduler('POST', `once-${before.length}`, {
    Target, ScheduleExpression: `at(${new Date().toISOString().slice(0, 19)})`, FlexibleTimeWindow: { Mode: 'OFF' }, ActionAfterCompletion: 'DELETE',
  });
  return eventually(async () => {
    const ids = (await builds()).filter((id) => !before.includes(id));
    expect(ids).toHaveLength(1);
    const { builds: [build] } = await callAction(deployment.emulator, 'codebuild', 'CodeBuild_20161006.BatchGetBuilds', { ids });
    expect(build.buildComplete).toBe(true);
    return build;
  }, 400);
}

/** The text of a report of a comparison. */
function report({ id }: Build, name: string): Promise<string> {
  return eventually(async () => {
    const key = (await deployment.keys(outputs.CaptureBucket)).find((report) => report.startsWith('drift-reports/points/') && report.endsWith(`/${id.split(':')[1]}/${name}`));
    expect(key).toBeDefined();
    return deployment.text(outputs.CaptureBucket, key!);
  });
}

const cloudWatch = (parameters: Record<string, string>) => callQuery(deployment.emulator, 'monitoring', { Version: '2010-08-01', ...parameters });

/** The greatest value of one of the monitor's metrics. */
async function greatest(metric: string): Promise<number> {
  const now = Date.now();
  const statistics = await cloudWatch({
    'Action': 'GetMetricStatistics', 'Namespace': 'CdkTensorFlow', 'MetricName': metric, 'Period': '86400', 'Statistics.member.1': 'Maximum',
    'StartTime': new Date(now - 86_400_000).toISOString(), 'EndTime': new Date(now + 86_400_000).toISOString(),
    'Dimensions.member.1.Name': 'ProjectName', 'Dimensions.member.1.Value': outputs.ProjectName,
    'Dimensions.member.2.Name': 'ModelName', 'Dimensions.member.2.Value': 'points',
  });
  return Math.max(...[...statistics.matchAll(/<Maximum>([^<]*)<\/Maximum>/g)].map(([, value]) => Number(value)));
}

const alarmIs = (state: string) => eventually(async () => {
  const alarm = await cloudWatch({ 'Action': 'DescribeAlarms', 'AlarmNames.member.1': outputs.AlarmName });
  expect(/<StateValue>([^<]*)<\/StateValue>/.exec(alarm)![1]).toBe(state);
});

const received = () => receiveEvents(deployment, outputs.QueueUrl);

beforeAll(async () => {
  deployment = await Deployment.start('lab/e2e/monitor-app.ts');
  await expectDeployed(deployment, STACK, { model: deployment.file('first'), data: deployment.file('first.npz') });
  outputs = deployment.outputs(STACK) as Monitored;
});

afterAll(() => deployment?.stop());

describe('ModelMonitor, started by its schedule', () => {
  test('finds no drift in requests like the evaluation data: the alarm is not on, and nobody is told', async () => {
    await send(1);

    const build = await compared();

    expect(build.buildStatus).toBe('SUCCEEDED');
    expect(JSON.parse(await report(build, 'drift.json'))).toMatchObject({ model: 'points', version: 1, verdict: 'noDrift', samples: SAMPLES });
    expect(await greatest('ComparedSamples')).toBe(SAMPLES);
    expect(await greatest('DriftedFeatures')).toBe(0);
    await alarmIs('OK');
    expect(await received()).toEqual([]);
  });

  test('finds requests in another unit: the alarm goes off, and an event names the page that shows it', async () => {
    await send(255);

    const build = await compared();

    expect(build.buildStatus).toBe('SUCCEEDED');
    expect(JSON.parse(await report(build, 'drift.json'))).toMatchObject({ verdict: 'drifted', samples: 2 * SAMPLES });
    expect(await greatest('DriftedFeatures')).toBeGreaterThanOrEqual(IRRATIONAL.length);
    expect(await greatest('MaxPopulationStabilityIndex')).toBeGreaterThan(0.2);
    await alarmIs('ALARM');
    const [event] = await eventually(async () => {
      const events = await received();
      expect(events).toHaveLength(1);
      return events;
    });
    expect(event).toMatchObject({
      'source': 'cdk-tensorflow', 'detail-type': 'ModelDrifted', 'detail': { modelName: 'points', modelVersion: 1, bucket: outputs.CaptureBucket, samples: 2 * SAMPLES },
    });
    expect(await deployment.text(outputs.CaptureBucket, event.detail.reportKey)).toBe(await report(build, 'drift.html'));
    expect(await report(build, 'drift.html')).toContain('point');
  });
});
