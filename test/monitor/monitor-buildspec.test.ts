import { spawnSync } from 'child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { MONITOR_VARIABLES, renderMonitorBuildSpec } from '../../lib/monitor/monitor-buildspec';
import { renderBuildSpec } from '../../lib/optimization/build/buildspec';
import { directoryWith } from '../model/model-files';

const spec = renderMonitorBuildSpec({}) as any;

/** Runs the build phase as CodeBuild does: in one shell, until the first command fails. Its python only writes down what it was called with. */
function runBuild(environment: Record<string, string> = {}, exits: Record<string, number> = {}) {
  const directory = directoryWith();
  mkdirSync(join(directory, '.venv/bin'), { recursive: true });
  writeFileSync(join(directory, '.venv/bin/python'), [
    '#!/bin/bash',
    'if [ "$1" = -c ]; then exec python3 "$@"; fi',
    'printf "%s\\n" "$*" >> calls',
    `case "$3" in ${Object.entries(exits).map(([command, code]) => `${command}) exit ${code};;`).join(' ')} esac`,
  ].join('\n'));
  chmodSync(join(directory, '.venv/bin/python'), 0o755);
  const script = (spec.phases.build.commands as string[]).map((command) => `{ ${command}\n} || exit $?`).join('\n');
  const { status, stderr } = spawnSync('bash', ['-c', script], {
    cwd: directory,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH!,
      CODEBUILD_SRC_DIR: directory,
      CODEBUILD_BUILD_ID: 'Monitor-1:1111-2222',
      ARTIFACT_BUCKET: 'models',
      MANIFEST_KEY: 'digits-1/litert/7/manifest.json',
      MODEL_POINTER: '',
      CAPTURE_BUCKET: 'captured',
      PERIOD_HOURS: '24',
      MIN_SAMPLES: '200',
      MIN_STABILITY_INDEX: '0.2',
      ...environment,
    },
  });
  const calls = join(directory, 'calls');
  return { status, stderr, calls: existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [] };
}

test('compares, then publishes the comparison', () => {
  expect(runBuild()).toMatchObject({
    status: 0,
    calls: [
      '-m tensorflow_optimizer drift s3://models/digits-1/litert/7/ s3://captured --hours 24 --min-samples 200 --min-psi 0.2 --output out',
      '-m tensorflow_optimizer publish-drift --output out --bucket captured --manifest-key digits-1/litert/7/manifest.json --project Monitor-1 --run 1111-2222',
    ],
  });
});

test('finds the version by a pointer', () => {
  const { status, calls } = runBuild({ MANIFEST_KEY: '', MODEL_POINTER: '{"manifestKey":"other/litert/8/manifest.json","manifestSha256":"0"}' });

  expect(status).toBe(0);
  expect(calls[0]).toContain('s3://models/other/litert/8/ ');
  expect(calls[1]).toContain('--manifest-key other/litert/8/manifest.json');
});

test('a pointer that is none fails the build before anything is compared', () => {
  const { status, calls, stderr } = runBuild({ MANIFEST_KEY: '', MODEL_POINTER: 'none' });

  expect(status).not.toBe(0);
  expect(calls).toEqual([]);
  expect(stderr).toContain('JSONDecodeError');
});

test('a comparison that fails fails the build, and nothing is published', () => {
  const { status, calls } = runBuild({}, { drift: 2 });

  expect(status).not.toBe(0);
  expect(calls).toHaveLength(1);
});

test('a comparison that cannot be published fails the build', () => {
  expect(runBuild({}, { 'publish-drift': 1 }).status).not.toBe(0);
});

test('installs what an optimization does, and reads no other variables than the project sets', () => {
  expect(spec.phases.install).toEqual((renderBuildSpec({ reportGroupArn: 'arn' }) as any).phases.install);
  const used = new Set([...spec.phases.build.commands.join('\n').matchAll(/\$\{?([A-Z_]+)/g)].map(([, name]) => name));
  const environ = spec.phases.build.commands.join('\n').includes('environ["MODEL_POINTER"]') ? ['MODEL_POINTER'] : [];
  expect([...used, ...environ].filter((name) => !name.startsWith('CODEBUILD_')).sort()).toEqual([...MONITOR_VARIABLES].sort());
});
