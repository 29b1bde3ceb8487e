import { spawn } from 'child_process';
import { join } from 'path';
import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RequestCapture } from '../../lib';
import { emptyStack, FLAG_SETS, modelFunction } from '../function/fixtures';
import { DeployedStacks } from './deployed-stacks';
import { appOf, CONSTRUCTS, withoutLogicalIds } from './renamed-app';

/** Runs the CDK's own command against the deployed stacks. */
function refactor(assembly: string, endpoint: string): Promise<{ code: number | null; output: string }> {
  const cdk = join(__dirname, '..', '..', 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const child = spawn(process.execPath, [cdk, 'refactor', '--unstable=refactor', '--dry-run', '--no-notices', '--no-color', '--app', assembly], {
    env: {
      ...process.env, AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'eu-central-1', CDK_DISABLE_VERSION_CHECK: '1', CDK_DISABLE_CLI_TELEMETRY: '1',
    },
  });
  let output = '';
  [child.stdout, child.stderr].forEach((stream) => stream.on('data', (chunk: Buffer) => (output += chunk.toString())));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}

/** Deploys an app with an id, and asks the command to rename it to another. */
async function renamed(constructs: Parameters<typeof appOf>[0], before: string, after: string) {
  const deployed = appOf(constructs, before);
  const server = await DeployedStacks.start(Object.fromEntries(deployed.stacks.map((stack) => [stack.stackName, Template.fromStack(stack).toJSON()])));
  try {
    return await refactor(appOf(constructs, after).app.synth().directory, server.endpoint);
  } finally {
    await server.stop();
  }
}

describe.each(FLAG_SETS)('%s', (_, flags) => {
  const [before, after] = ['Digits', 'Renamed'].map((id) => Object.fromEntries(appOf(CONSTRUCTS, id, flags).stacks.map((stack) => {
    const template = Template.fromStack(stack).toJSON() as { Resources: object };
    return [stack.stackName, { ids: Object.keys(template.Resources), template: withoutLogicalIds(template) }];
  })));

  test.each(Object.keys(CONSTRUCTS))('the templates of a %s under two ids differ in logical ids only', (name) => {
    expect(after[name].ids).not.toEqual(before[name].ids);
    expect(after[name].template).toEqual(before[name].template);
  });
});

test.each(Object.entries(CONSTRUCTS))('cdk refactor renames a %s, and finds nothing that is changed, new, gone or ambiguous', async (name, define) => {
  const { code, output } = await renamed({ [name]: define }, 'Digits', 'Renamed');

  expect(output).toContain('The following resources were moved or renamed');
  expect(output).not.toMatch(/Refactor failed|ambigu/);
  expect(code).toBe(0);
});

test.each([
  ['one', 'one', /capture\.streamName "one" is that of "Stack\/A\/Capture"/],
  ['one', 'a b', /capture\.streamName must be at most 64 letters/],
])('the stream names %j and %j are refused in a stack', (first, second, problem) => {
  const stack = emptyStack();
  const define = (id: string, streamName: string) => {
    const capture = RequestCapture.sampled({ rate: 0.1, retention: Duration.days(7), streamName });
    return modelFunction(stack, { capture }, id);
  };
  define('A', first);

  expect(() => define('B', second)).toThrow(problem);
});
