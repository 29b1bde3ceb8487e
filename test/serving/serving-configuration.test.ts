import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as configuration from '../../lib/serving/serving-configuration';
import { servingSettings } from '../../lib/serving/serving-settings';
import type { TensorFlowServingOptions } from '../../lib/serving/tensorflow-serving-options';
import { renderTextProto } from '../../lib/serving/text-proto';

const batchingConfig = (options: TensorFlowServingOptions, processorLimit?: number) => configuration.batchingConfig(servingSettings(options), processorLimit);
const monitoringConfig = (options: TensorFlowServingOptions) => configuration.monitoringConfig(servingSettings(options));

describe('configuration of the server', () => {
  test('serves one version, whatever else is next to it', () => {
    expect(configuration.modelConfig({ modelName: 'digits', basePath: '/models/digits', version: '7' })).toBe([
      'model_config_list {',
      '  config {',
      '    name: "digits"',
      '    base_path: "/models/digits"',
      '    model_platform: "tensorflow"',
      '    model_version_policy {',
      '      specific {',
      '        versions: 7',
      '      }',
      '    }',
      '  }',
      '}',
      '',
    ].join('\n'));
  });

  test('has no batching by default', () => {
    expect(batchingConfig({})).toBeUndefined();
  });

  test('every batching property reaches the server, wrapped as its protobuf message requires', () => {
    const text = batchingConfig({
      batching: true, maxBatchSize: 8, batchTimeout: Duration.millis(2), maxEnqueuedBatches: 5, numBatchThreads: 2,
      allowedBatchSizes: [1, 8], padVariableLengthInputs: true,
    })!;

    expect(text.replace(/\s+/g, ' ')).toBe('max_batch_size { value: 8 } batch_timeout_micros { value: 2000 } max_enqueued_batches { value: 5 } '
      + 'num_batch_threads { value: 2 } allowed_batch_sizes: 1 allowed_batch_sizes: 8 pad_variable_length_inputs: true ');
  });

  test('no more batches run at a time than processors that the server may use', () => {
    expect(batchingConfig({ batching: true }, 1.5)).toContain('num_batch_threads {\n  value: 2\n}');
    expect(batchingConfig({ batching: true, numBatchThreads: 7 }, 1.5)).toContain('num_batch_threads {\n  value: 7\n}');
    expect(batchingConfig({ batching: true })).not.toContain('num_batch_threads');
  });

  test('a number that is known only at deployment reaches the server', () => {
    const text = batchingConfig({ batching: true, maxBatchSize: Lazy.number({ produce: () => 8 }) })!;

    expect(new Stack().resolve(text)).toContain('max_batch_size {\n  value: 8\n}');
  });

  test('offers metrics by default, at the given path, or not at all', () => {
    expect(monitoringConfig({})).toContain('path: "/monitoring/prometheus/metrics"');
    expect(monitoringConfig({ monitoringPath: '/m' })).toContain('path: "/m"');
    expect(monitoringConfig({ monitoring: false })).toBeUndefined();
  });

  test('texts are quoted', () => {
    expect(renderTextProto({ name: 'a "quoted" \\ text' })).toBe('name: "a \\"quoted\\" \\\\ text"\n');
  });
});
