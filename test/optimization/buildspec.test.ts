import { spawnSync } from 'child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { renderBuildSpec } from '../../lib/optimization/build/buildspec';
import { directoryWith } from '../model/model-files';

const spec = renderBuildSpec({ reportGroupArn: 'arn:reports' }) as any;

/** Runs a phase's commands as CodeBuild does: in one shell, until the first one fails. */
function runPhase(phase: string, directory: string, environment: Record<string, string> = {}) {
  const script = (spec.phases[phase].commands as string[]).map((command) => `{ ${command}\n} || exit $?`).join('\n');
  return spawnSync('bash', ['-c', script], {
    cwd: directory,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH!,
      CODEBUILD_SRC_DIR: directory,
      CODEBUILD_BUILD_ID: 'Project:1111-2222',
      ARTIFACT_BUCKET: 'models',
      MODEL_PREFIX: 'digits-1',
      BUILD_KEY: 'k1',
      ...environment,
    },
  });
}

/** A source directory whose python only writes down what it was called with; `exits` says how each command ends. */
function sourceDirectory(exits: Record<string, number> = {}): string {
  const directory = directoryWith();
  mkdirSync(join(directory, '.venv/bin'), { recursive: true });
  const cases = Object.entries(exits).map(([command, code]) => `${command}) exit ${code};;`).join(' ');
  writeFileSync(join(directory, '.venv/bin/python'), [
    '#!/bin/bash',
    'echo "$*" >> calls',
    'echo "$PYTHONPATH" > environment',
    `case "$3" in ${cases} esac`,
  ].join('\n'));
  chmodSync(join(directory, '.venv/bin/python'), 0o755);
  return directory;
}

const calls = (directory: string) => readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n');

describe('install', () => {
  const commands: string[] = spec.phases.install.commands;

  test('runs Python 3.13', () => {
    expect(spec.phases.install['runtime-versions']).toEqual({ python: '3.13' });
  });

  test('checks the hash of everything that it installs, the installer included', () => {
    const installing = commands.filter((command) => /pip (install|sync)/.test(command));

    expect(installing).toHaveLength(2);
    for (const command of installing) {
      expect(command).toContain('--require-hashes');
      expect(command).toContain('--only-binary :all:');
    }
  });

  test('every requirement has a hash', () => {
    for (const name of ['requirements.txt', 'uv-requirements.txt']) {
      const requirements = readFileSync(join('optimizer', name), 'utf8').replace(/\\\n/g, ' ').split('\n');
      const pinned = requirements.filter((line) => /^[a-z]/i.test(line));

      expect(pinned.length).toBeGreaterThan(0);
      expect(pinned.filter((line) => !/==.*--hash=sha256:/.test(line))).toEqual([]);
    }
  });

  test('fetches no interpreter', () => {
    expect(spec.env.variables.UV_PYTHON_DOWNLOADS).toBe('never');
  });

  test('uses the user\'s package index for both installers', () => {
    const { env } = renderBuildSpec({ reportGroupArn: 'arn', packageIndexUrl: 'https://mirror.example/simple' }) as any;

    expect(env.variables).toMatchObject({ UV_DEFAULT_INDEX: 'https://mirror.example/simple', PIP_INDEX_URL: 'https://mirror.example/simple' });
    expect(spec.env.variables).not.toHaveProperty('UV_DEFAULT_INDEX');
    expect(spec.env.variables).not.toHaveProperty('PIP_INDEX_URL');
  });
});

describe('build', () => {
  test('fetches the job that the deployment names, and runs it', () => {
    const directory = sourceDirectory();

    expect(runPhase('build', directory).status).toBe(0);

    expect(calls(directory)).toEqual([
      '-m tensorflow_optimizer fetch --bucket models --config-key digits-1/keys/k1/job.json --directory work',
      '-m tensorflow_optimizer run --config work/job.json --source work/source --output out',
    ]);
    expect(readFileSync(join(directory, 'environment'), 'utf8').trim()).toBe(`${directory}/optimizer/src:${directory}/runtime/shared/src`);
  });

  test('passes evaluation data if the job has any', () => {
    const directory = sourceDirectory();
    mkdirSync(join(directory, 'work/evaluation'), { recursive: true });

    runPhase('build', directory);

    expect(calls(directory)[1]).toContain('--source work/source --evaluation work/evaluation --output out');
  });

  test('fetches and passes the version that serves, if the deployment names one', () => {
    const directory = sourceDirectory();
    mkdirSync(join(directory, 'work/serving'), { recursive: true });

    const { status } = runPhase('build', directory, { SERVING_MANIFEST_KEY: 'digits-1/litert/3/manifest.json', SERVING_MANIFEST_SHA256: 'ab' });

    expect(status).toBe(0);
    expect(calls(directory)[0]).toMatch(/ --directory work --serving-key digits-1\/litert\/3\/manifest.json --serving-sha256 ab$/);
    expect(calls(directory)[1]).toContain('--source work/source --serving work/serving --output out');
  });

  test('passes each student, in the order of the steps', () => {
    const directory = sourceDirectory();
    for (const name of ['01', '00']) {
      mkdirSync(join(directory, 'work/students', name), { recursive: true });
    }

    runPhase('build', directory);

    expect(calls(directory)[1]).toContain('--source work/source --student work/students/00/ --student work/students/01/ --output out');
  });

  test.each([1, 2, 3, 4])('fails with the exit code %d of the run', (code) => {
    expect(runPhase('build', sourceDirectory({ run: code })).status).toBe(code);
  });

  test.each([1, 2])('fails with the exit code %d of the fetch, and runs nothing then', (code) => {
    const directory = sourceDirectory({ fetch: code });

    expect(runPhase('build', directory).status).toBe(code);
    expect(calls(directory)).toHaveLength(1);
  });

  test('says what is missing when a build is started by hand', () => {
    const directory = sourceDirectory();

    const { status, stderr } = runPhase('build', directory, { BUILD_KEY: '' });

    expect(status).not.toBe(0);
    expect(stderr).toContain('BUILD_KEY must name the job');
    expect(existsSync(join(directory, 'calls'))).toBe(false);
  });
});

describe('post_build', () => {
  test('publishes under the id that CodeBuild gives after the colon', () => {
    const directory = sourceDirectory();

    runPhase('post_build', directory);

    expect(calls(directory)).toEqual([
      '-m tensorflow_optimizer publish --output out --config work/job.json --bucket models --model-prefix digits-1 --build-key k1 --build-id 1111-2222',
    ]);
  });

  test('also runs after a failed build, because no phase asks CodeBuild to abort', () => {
    expect(Object.values(spec.phases).filter((phase: any) => 'on-failure' in phase)).toEqual([]);
    expect(Object.keys(spec.phases)).toEqual(['install', 'build', 'post_build']);
  });

  test('fails when publishing fails', () => {
    expect(runPhase('post_build', sourceDirectory({ publish: 1 })).status).toBe(1);
  });
});

test('the gate is reported as a test report, to its own report group', () => {
  expect(spec.reports).toEqual({
    'arn:reports': { 'files': ['junit.xml'], 'base-directory': 'out/report', 'file-format': 'JUNITXML' },
  });
});
