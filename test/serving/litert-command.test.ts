import { spawnSync } from 'child_process';
import { existsSync } from 'fs';
import { Duration, Lazy, Stack, Token } from 'aws-cdk-lib';
import { liteRtArguments } from '../../lib/serving/litert-command';
import { servingSettings } from '../../lib/serving/serving-settings';
import type { TensorFlowServingOptions } from '../../lib/serving/tensorflow-serving-options';

const DIGEST = 'c'.repeat(64);

function given(options: TensorFlowServingOptions = {}, workers?: number): string[] {
  return liteRtArguments(servingSettings(options), {
    modelName: 'digits', basePath: '/models/digits', version: '7', checksumsSha256: DIGEST, library: '/opt/litert/libLiteRt.so', librarySha256: 'd'.repeat(64),
    workers, drainSeconds: 45,
  });
}

describe('liteRtArguments', () => {
  test('names the model, its version and the digests of all loaded files', () => {
    expect(given()).toEqual([
      '--port=8500', '--rest_api_port=8501', '--rest_api_timeout_in_ms=30000', '--monitoring_path=/monitoring/prometheus/metrics',
      '--model_name=digits', '--model_base_path=/models/digits', '--model_version=7', `--checksums_sha256=digits/7=${DIGEST}`,
      '--litert_library=/opt/litert/libLiteRt.so', `--litert_library_sha256=${'d'.repeat(64)}`,
      '--drain_delay_in_seconds=45', '--drain_timeout_in_seconds=30',
    ]);
  });

  test.each<[string, TensorFlowServingOptions, number | undefined, string[]]>([
    ['ports', { grpcPort: 9000, restPort: 9001 }, undefined, ['--port=9000', '--rest_api_port=9001']],
    ['the time for a request, which a drained server also waits', { requestTimeout: Duration.millis(2500) }, undefined,
      ['--rest_api_timeout_in_ms=2500', '--drain_timeout_in_seconds=3']],
    ['the path of the metrics', { monitoringPath: '/metrics' }, undefined, ['--monitoring_path=/metrics']],
    ['the page', { explorer: true }, undefined, ['--explorer=true']],
    ['pages of other origins', { cors: { allowedOrigins: ['https://a.example', 'http://localhost:3000'], allowedHeaders: ['content-type', 'x-a'], maxAge: Duration.hours(1) } }, undefined,
      ['--cors_allow_origins=https://a.example,http://localhost:3000', '--cors_allow_headers=content-type,x-a', '--cors_max_age_in_seconds=3600']],
    ['copies of the model', {}, 2, ['--workers=2']],
    ['other flags, which come last', { serverFlags: { workers: 3, access_log: true } }, undefined, ['--access_log=true', '--workers=3']],
  ])('accepts %s', (_, options, workers, expected) => {
    expect(given(options, workers)).toEqual(expect.arrayContaining(expected));
  });

  test('passes no flag twice, because the program refuses that', () => {
    const names = given({ serverFlags: { workers: 3 } }, 2).map((argument) => argument.split('=')[0]);

    expect(new Set(names).size).toBe(names.length);
  });

  test('keeps numbers that are tokens', () => {
    const timeout = Duration.millis(Lazy.number({ produce: () => 5 }));

    const written = given({ requestTimeout: timeout }).find((argument) => argument.startsWith('--rest_api_timeout_in_ms='))!;
    expect(Token.isUnresolved(written)).toBe(true);
  });

  test('lets pages of other origins do nothing by default, and leaves what is not given to the program', () => {
    expect(given().filter((argument) => argument.startsWith('--cors'))).toEqual([]);
    expect(given({ cors: { allowedOrigins: ['*'] } }).filter((argument) => argument.startsWith('--cors'))).toEqual(['--cors_allow_origins=*']);
  });

  test('joins origins that are one token', () => {
    const origins = Token.asList({ Ref: 'Origins' });

    const written = given({ cors: { allowedOrigins: origins } }).find((argument) => argument.startsWith('--cors_allow_origins='))!;
    expect(new Stack().resolve(written)).toEqual({ 'Fn::Join': ['', ['--cors_allow_origins=', { 'Fn::Join': [',', { Ref: 'Origins' }] }]] });
  });

  // Every flag is read before any file.
  const program = 'server/dist/x86_64/model_server';
  (existsSync(program) && process.arch === 'x64' ? test : test.skip)('is understood by the program', () => {
    const run = (argumentsOf: string[]) => spawnSync(program, argumentsOf, { encoding: 'utf8' });

    const cors = { allowedOrigins: ['https://a.example', 'http://[::1]:3000'], allowedHeaders: ['*'], maxAge: Duration.days(1) };
    const { status, stdout, stderr } = run(given({ explorer: true, cors, serverFlags: { queue_size: 8, log_level: 'warn', io_threads: 1 } }, 2));
    expect(status).toBe(1);
    expect(stdout + stderr).toContain('/opt/litert/libLiteRt.so');
    expect(run([...given(), '--enable_batching']).status).toBe(2);
  });
});
