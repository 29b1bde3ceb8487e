import { Size } from 'aws-cdk-lib';
import {
  Distillation, Graph, LayerQuantization, ModelFormat, OptimizationRecipe, Pruning, PruningSchedule, QualityGate, QualityMetric, Quantization,
  QuantizationRecovery, SearchObjective, Student, StudentSize,
} from '../../lib';
import type { OptimizationSearchOptions } from '../../lib';

const { LITERT, SAVED_MODEL } = ModelFormat;

describe('OptimizationRecipe', () => {
  test.each([
    [OptimizationRecipe.none(), { kind: 'none', steps: [] }],
    [OptimizationRecipe.forLiteRt(), { kind: 'forLiteRt', steps: [] }],
    [OptimizationRecipe.forServing(), { kind: 'forServing', steps: [] }],
    [OptimizationRecipe.of(Quantization.dynamicRange()), { kind: 'steps', steps: [{ step: 'quantization', mode: 'dynamicRange' }] }],
    [OptimizationRecipe.of(Quantization.float16()), { kind: 'steps', steps: [{ step: 'quantization', mode: 'float16' }] }],
    [OptimizationRecipe.of(Quantization.fullInteger()), { kind: 'steps', steps: [{ step: 'quantization', mode: 'fullInteger' }] }],
    [OptimizationRecipe.of(Graph.strip()), { kind: 'steps', steps: [{ step: 'strip' }] }],
    [OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.8 }), Quantization.dynamicRange()), {
      kind: 'steps', steps: [{ step: 'pruning', sparsity: 0.8, schedule: 'gradual', epochs: 10 }, { step: 'quantization', mode: 'dynamicRange' }],
    }],
    [OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.5, schedule: PruningSchedule.AT_ONCE })), {
      kind: 'steps', steps: [{ step: 'pruning', sparsity: 0.5, schedule: 'atOnce', epochs: 10 }],
    }],
    [OptimizationRecipe.of(Graph.freeze()), { kind: 'steps', steps: [{ step: 'freeze' }] }],
    [OptimizationRecipe.of(Quantization.bfloat16()), { kind: 'steps', steps: [{ step: 'quantization', mode: 'bfloat16' }] }],
  ])('is written into the job', (recipe, job) => {
    expect(recipe._render()).toEqual(job);
  });

  test.each([
    [OptimizationRecipe.none(), LITERT], [OptimizationRecipe.none(), SAVED_MODEL],
    [OptimizationRecipe.forLiteRt(), LITERT], [OptimizationRecipe.forServing(), SAVED_MODEL],
    [OptimizationRecipe.of(Quantization.dynamicRange()), LITERT], [OptimizationRecipe.of(Graph.strip()), SAVED_MODEL],
    [OptimizationRecipe.of(Graph.freeze()), SAVED_MODEL],
    [OptimizationRecipe.of(Quantization.bfloat16()), SAVED_MODEL], [OptimizationRecipe.of(Graph.freeze(), Quantization.bfloat16()), SAVED_MODEL],
    [OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.5 }), Quantization.float16()), LITERT],
    [OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.5 }), Graph.strip()), SAVED_MODEL],
  ])('is accepted where it has an effect', (recipe, format) => {
    expect(recipe._problems(format, 'saved_model', false)).toEqual([]);
  });

  test.each<[OptimizationRecipe, ModelFormat, string]>([
    [OptimizationRecipe.of(), LITERT, 'at least one step'],
    [OptimizationRecipe.forLiteRt(), SAVED_MODEL, 'use OptimizationRecipe.forServing()'],
    [OptimizationRecipe.forServing(), LITERT, 'use OptimizationRecipe.forLiteRt()'],
    [OptimizationRecipe.of(Quantization.float16()), SAVED_MODEL, 'Quantization.float16() is for LiteRT'],
    [OptimizationRecipe.of(Graph.strip()), LITERT, 'Graph.strip() has no effect on a LiteRT model'],
    [OptimizationRecipe.of(Quantization.bfloat16()), LITERT, 'is for TensorFlow Serving, LiteRT does not compute with it: use Quantization.float16()'],
    [OptimizationRecipe.of(Graph.strip(), Quantization.bfloat16()), SAVED_MODEL, 'leave Graph.strip() out'],
    [OptimizationRecipe.of(Quantization.bfloat16(), Graph.freeze()), SAVED_MODEL,
      'bfloat16 comes last: use OptimizationRecipe.of(Graph.freeze(), Quantization.bfloat16())'],
    [OptimizationRecipe.of(Pruning.magnitude({ sparsity: 1 })), LITERT, 'sparsity must be above 0 and below 1, got 1'],
    [OptimizationRecipe.of(Pruning.magnitude({ sparsity: 80 })), LITERT, 'got 80: it is a share, so 80 per cent is 0.8'],
    [OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.5, schedule: PruningSchedule.GRADUAL })), LITERT, 'schedule has no effect without data'],
    [OptimizationRecipe.of(Quantization.float16(), Pruning.magnitude({ sparsity: 0.5 })), LITERT,
      'use OptimizationRecipe.of(Pruning.magnitude(…), Quantization.float16())'],
    [OptimizationRecipe.of(Graph.freeze()), LITERT, 'Graph.freeze() has no effect on a LiteRT model'],
    [OptimizationRecipe.of(Graph.strip(), Graph.freeze()), SAVED_MODEL, 'Graph.strip() and Graph.freeze(), which exclude each other'],
    [OptimizationRecipe.of(Quantization.float16(), Quantization.dynamicRange()), LITERT, 'Quantization.float16() and Quantization.dynamicRange(), which exclude'],
    [OptimizationRecipe.of(Quantization.fullInteger()), LITERT, 'needs real inputs to calibrate with: give evaluation'],
  ])('is refused where it is impossible', (recipe, format, words) => {
    expect(recipe._problems(format, 'saved_model', false)).toEqual([expect.stringContaining(words)]);
  });

  test('pruning is refused if the model is read file by file, not compressed', () => {
    const recipe = OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.5 }));

    expect(recipe._problems(SAVED_MODEL, 'keras', false, true)).toEqual([expect.stringContaining('only where it travels compressed')]);
  });

  test('epochs of pruning need data', () => {
    expect(OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.5, epochs: 2 }))._problems(LITERT, 'keras', false)).toEqual([
      'Pruning.magnitude(…) epochs has no effect without data to train on: give evaluation, or leave epochs out',
    ]);
    expect(OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.5, epochs: 0 }))._problems(LITERT, 'keras', true)).toHaveLength(1);
  });

  test('fullInteger is accepted with data', () => {
    expect(OptimizationRecipe.of(Quantization.fullInteger())._problems(LITERT, 'keras', true)).toEqual([]);
  });

  test('of a .tflite model only the weights can be changed', () => {
    const steps = [Quantization.float16(), Quantization.dynamicRange(), Quantization.mixed({ conv2d: LayerQuantization.DYNAMIC_WI8_AFP32 })];

    expect(OptimizationRecipe.forLiteRt()._problems(LITERT, 'tflite', false)).toEqual([]);
    expect(OptimizationRecipe.none()._problems(LITERT, 'tflite', false)).toEqual([]);
    for (const step of steps) {
      expect(OptimizationRecipe.of(step)._problems(LITERT, 'tflite', false)).toEqual([]);
    }
    expect(OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.5 }), Quantization.float16())._problems(LITERT, 'tflite', false)).toEqual([
      expect.stringContaining('the weights of a .tflite model cannot be trained'),
    ]);
  });

  test('mixed quantization is written with the names of litert-quantizer', () => {
    const { DYNAMIC_WI4B32_AFP32, DYNAMIC_WI8_AFP32, NO_QUANTIZE, STATIC_WI8_AI8, WEIGHT_ONLY_WI8_AFP32 } = LayerQuantization;
    const recipe = OptimizationRecipe.of(Quantization.mixed({
      depthwiseConv2d: NO_QUANTIZE,
      fullyConnected: DYNAMIC_WI4B32_AFP32,
      allSupported: DYNAMIC_WI8_AFP32,
      batchMatmul: WEIGHT_ONLY_WI8_AFP32,
      conv2d: STATIC_WI8_AI8,
      conv2dTranspose: STATIC_WI8_AI8,
    }));

    expect(recipe._render()).toEqual({
      kind: 'steps',
      steps: [{
        step: 'quantization',
        mode: 'mixed',
        operations: {
          '*': 'dynamic_wi8_afp32',
          FULLY_CONNECTED: 'dynamic_wi4b32_afp32',
          BATCH_MATMUL: 'weight_only_wi8_afp32',
          CONV_2D: 'static_wi8_ai8',
          CONV_2D_TRANSPOSE: 'static_wi8_ai8',
          DEPTHWISE_CONV_2D: 'no_quantize',
        },
      }],
    });
    expect(recipe._problems(LITERT, 'keras', true)).toEqual([]);
    expect(recipe._problems(LITERT, 'keras', false)).toEqual([expect.stringContaining('Quantization.mixed(…) needs real inputs to calibrate with')]);
  });

  test.each([
    [{}, 'must quantize at least one kind of layer'],
    [{ allSupported: LayerQuantization.NO_QUANTIZE, conv2d: LayerQuantization.NO_QUANTIZE }, 'must quantize at least one kind of layer'],
    [{ conv2d: LayerQuantization.DYNAMIC_WI4B32_AFP32 }, 'conv2d cannot be dynamic_wi4b32_afp32: int4 by blocks is for fullyConnected only'],
    [{ allSupported: LayerQuantization.DYNAMIC_WI4B128_AFP32 }, 'allSupported cannot be dynamic_wi4b128_afp32'],
    [{ conv2d: 'int8' as LayerQuantization }, 'conv2d must be a LayerQuantization (no_quantize, '],
  ])('mixed quantization is refused where it is impossible: %j', (layers, words) => {
    expect(OptimizationRecipe.of(Quantization.mixed(layers))._problems(LITERT, 'keras', true)).toEqual([expect.stringContaining(words)]);
  });

  test('full-integer quantization may recover what it loses, and is written so', () => {
    const recipe = OptimizationRecipe.of(Quantization.fullInteger({ recover: QuantizationRecovery.WITHOUT_TRAINING }));
    expect(recipe._render().steps).toEqual([{ step: 'quantization', mode: 'fullInteger', recover: 'withoutTraining' }]);
    expect(recipe._problems(LITERT, 'keras', true)).toEqual([]);
    expect(recipe._problems(LITERT, 'keras', false)).toEqual([
      expect.stringContaining('Quantization.fullInteger(…) needs real inputs to calibrate with'),
    ]);
    expect(OptimizationRecipe.of(Quantization.fullInteger())._render().steps).toEqual([{ step: 'quantization', mode: 'fullInteger' }]);
  });

  test('a recovery that does not exist, or in a search, is refused', () => {
    const wrong = OptimizationRecipe.of(Quantization.fullInteger({ recover: 'twice' as QuantizationRecovery }));
    expect(wrong._problems(LITERT, 'keras', true)).toEqual([
      'Quantization.fullInteger(…) recover must be a QuantizationRecovery (withoutTraining, withTraining), got "twice"',
    ]);
    const steps = [Quantization.fullInteger({ recover: QuantizationRecovery.WITHOUT_TRAINING })];
    const search = OptimizationRecipe.search({ objective: SearchObjective.SIZE, steps });
    expect(search._problems(LITERT, 'keras', true)).toEqual([expect.stringContaining('leave recover out, or use OptimizationRecipe.of(…)')]);
  });

  test('says what processors it makes a model for', () => {
    expect(OptimizationRecipe.of(Quantization.bfloat16())._cpuFeatures()).toEqual(['bf16']);
    expect(OptimizationRecipe.of(Quantization.float16())._cpuFeatures()).toEqual([]);
  });

  test('names all problems at once', () => {
    const recipe = OptimizationRecipe.of(Quantization.fullInteger(), Graph.strip(), Graph.strip());

    expect(recipe._problems(SAVED_MODEL, 'keras', false)).toHaveLength(3);
  });
});

describe('OptimizationRecipe.search', () => {
  const search = (changes: Partial<OptimizationSearchOptions> = {}) => OptimizationRecipe.search({ objective: SearchObjective.SIZE, ...changes });

  test('is written into the job with everything that affects the output', () => {
    expect(search()._render()).toEqual({ kind: 'search', steps: [], search: { objective: 'size', maxTrials: 20 } });
    expect(search({ objective: SearchObjective.LATENCY, maxAccuracyLoss: 0, maxTrials: 3, steps: [Quantization.float16()] })._render()).toEqual({
      kind: 'search',
      steps: [{ step: 'quantization', mode: 'float16' }],
      search: { objective: 'latency', maxAccuracyLoss: 0, maxTrials: 3 },
    });
  });

  test('also works for TensorFlow Serving, and combines the steps that are legal there', () => {
    const steps = [Graph.freeze(), Pruning.magnitude({ sparsity: 0.5 }), Distillation.into(Student.ofSize(StudentSize.SMALL))];

    expect(search()._problems(SAVED_MODEL, 'keras', true)).toEqual([]);
    expect(search({ steps })._problems(SAVED_MODEL, 'keras', true)).toEqual([]);
    expect(search({ steps })._problems(SAVED_MODEL, 'keras', true, true)).toEqual([expect.stringContaining('only where it travels compressed')]);
  });

  test('accepts several steps of a kind, as alternatives', () => {
    const steps = [Quantization.float16(), Quantization.dynamicRange(), Pruning.magnitude({ sparsity: 0.5 }), Pruning.magnitude({ sparsity: 0.8 })];

    expect(search({ steps })._problems(LITERT, 'keras', true)).toEqual([]);
  });

  test('accepts steps of a kind that differ in one setting, and stripping next to bfloat16, as alternatives', () => {
    const students = [{ temperature: 2 }, { temperature: 8 }].map((options) => Distillation.into(Student.ofSize(StudentSize.TINY), options));
    const prunings = [PruningSchedule.AT_ONCE, PruningSchedule.GRADUAL].map((schedule) => Pruning.magnitude({ sparsity: 0.5, schedule }));

    expect(search({ steps: [...students, ...prunings] })._problems(LITERT, 'keras', true)).toEqual([]);
    expect(search({ steps: [Graph.strip(), Quantization.bfloat16()] })._problems(SAVED_MODEL, 'keras', true)).toEqual([]);
  });

  test.each([
    [Quantization.float16(), Quantization.float16()],
    // Omitted options have values as well.
    [Pruning.magnitude({ sparsity: 0.5 }), Pruning.magnitude({ sparsity: 0.5, epochs: 10 })],
    [Distillation.into(Student.ofSize(StudentSize.TINY)), Distillation.into(Student.ofSize(StudentSize.TINY), { temperature: 4 })],
    [Distillation.into(Student.fromAsset('examples/digits/saved_model')), Distillation.into(Student.fromAsset('./examples/digits/saved_model'))],
  ])('refuses a duplicate step', (first, second) => {
    expect(search({ steps: [first, Pruning.magnitude({ sparsity: 0.7 }), second] })._problems(LITERT, 'keras', true)).toEqual([
      `OptimizationRecipe.search(…) steps has ${first.description} more than once with the same settings, which is one candidate: `
      + 'give it once, or give it other settings',
    ]);
  });

  test('two students with the same file name are different', () => {
    const steps = ['examples/digits/saved_model', 'elsewhere/saved_model'].map((path) => Distillation.into(Student.fromAsset(path)));

    expect(search({ steps })._problems(LITERT, 'keras', true)).toEqual([expect.stringContaining('does not exist')]);
  });

  test('names all problems at once', () => {
    const steps = [Quantization.float16(), Quantization.float16(), Graph.strip()];

    expect(search({ steps, maxTrials: 0 })._problems(LITERT, 'keras', false)).toHaveLength(4);
  });

  test.each<[Partial<OptimizationSearchOptions>, ModelFormat, string, boolean, string]>([
    [{}, LITERT, 'keras', false, 'needs real inputs with labels: give evaluation, or use OptimizationRecipe.forLiteRt()'],
    [{}, SAVED_MODEL, 'keras', false, 'needs real inputs with labels: give evaluation, or use OptimizationRecipe.forServing()'],
    [{ steps: [Quantization.float16()] }, SAVED_MODEL, 'keras', true, 'Quantization.float16() is for LiteRT'],
    [{ steps: [Distillation.into(Student.fromAsset('nowhere'))] }, LITERT, 'keras', true, 'does not exist'],
    [{ steps: [Pruning.magnitude({ sparsity: 0.5 })] }, LITERT, 'tflite', true, 'the weights of a .tflite model cannot be trained'],
    [{ maxAccuracyLoss: 1 }, LITERT, 'keras', true, 'got 1: it is a share, so 1 per cent is 0.01'],
    [{ maxErrorIncrease: -0.1 }, LITERT, 'keras', true, 'maxErrorIncrease must be at least 0, got -0.1'],
    [{ maxAccuracyLoss: -0.1 }, LITERT, 'keras', true, 'at least 0 and below 1, got -0.1'],
    [{ maxTrials: 0 }, LITERT, 'keras', true, 'maxTrials'],
    [{ steps: [] }, LITERT, 'keras', true, 'steps must have at least one step'],
    [{ steps: [Graph.strip()] }, LITERT, 'keras', true, 'Graph.strip() has no effect on a LiteRT model'],
  ])('is refused where it is impossible: %j', (changes, format, kind, hasData, words) => {
    expect(search(changes)._problems(format, kind, hasData)).toEqual([expect.stringContaining(words)]);
  });
});

describe('QualityGate', () => {
  test('is written into the job, with sizes in bytes', () => {
    const gate = QualityGate.allOf(
      QualityGate.maxAccuracyLoss(0.01), QualityGate.maxErrorIncrease(0.02), QualityGate.minAgreement(0.99), QualityGate.maxRelativeError(0.05),
      QualityGate.maxSize(Size.mebibytes(2)), QualityGate.maxLatencyRatio(0.5), QualityGate.strict(),
    );

    expect(gate._render()).toEqual({
      rules: [
        { rule: 'maxAccuracyLoss', value: 0.01 },
        { rule: 'maxErrorIncrease', value: 0.02 },
        { rule: 'minAgreement', value: 0.99 },
        { rule: 'maxRelativeError', value: 0.05 },
        { rule: 'maxSizeBytes', value: 2097152 },
        { rule: 'maxLatencyRatio', value: 0.5 },
      ],
      strict: true,
    });
    expect(gate._problems(true)).toEqual([]);
  });

  test('on a metric is written with what the metric is of', () => {
    const gate = QualityGate.allOf(
      QualityGate.maxLoss(QualityMetric.accuracy(), 0.01),
      QualityGate.maxLoss(QualityMetric.balancedAccuracy({ output: 'y' }), 0.02),
      QualityGate.maxLoss(QualityMetric.recall({ classIndex: 1 }), 0.03),
      QualityGate.maxLoss(QualityMetric.precision(), 0.04),
      QualityGate.maxLoss(QualityMetric.f1({ classIndex: 0, output: 'y' }), 0.05),
      QualityGate.maxLoss(QualityMetric.areaUnderRocCurve(), 0.06),
      QualityGate.maxLoss(QualityMetric.topK(5), 0.07),
      QualityGate.maxLoss(QualityMetric.meanAbsoluteError(), 1.5),
      QualityGate.notWorseThanServing({ metric: QualityMetric.balancedAccuracy(), margin: 0.01 }),
    );

    expect(gate._problems(true)).toEqual([]);
    expect(JSON.parse(JSON.stringify(gate._render()))).toEqual({
      rules: [
        { rule: 'maxLoss', value: 0.01, metric: { name: 'accuracy' } },
        { rule: 'maxLoss', value: 0.02, metric: { name: 'balancedAccuracy', output: 'y' } },
        { rule: 'maxLoss', value: 0.03, metric: { name: 'recall', classIndex: 1 } },
        { rule: 'maxLoss', value: 0.04, metric: { name: 'precision' } },
        { rule: 'maxLoss', value: 0.05, metric: { name: 'f1', classIndex: 0, output: 'y' } },
        { rule: 'maxLoss', value: 0.06, metric: { name: 'auc' } },
        { rule: 'maxLoss', value: 0.07, metric: { name: 'topK', k: 5 } },
        { rule: 'maxLoss', value: 1.5, metric: { name: 'meanAbsoluteError' } },
        { rule: 'notWorseThanServing', value: 0.01, metric: { name: 'balancedAccuracy' } },
      ],
      strict: false,
    });
  });

  test('names every problem of its metrics at once', () => {
    const gate = QualityGate.allOf(
      QualityGate.maxLoss(QualityMetric.recall({ classIndex: -1 }), 0.01),
      QualityGate.maxLoss(QualityMetric.topK(0), 0.01),
      QualityGate.maxLoss(QualityMetric.f1({ output: '' }), 2),
      QualityGate.maxLoss(QualityMetric.recall({ classIndex: 1 }), 0.01),
      QualityGate.maxLoss(QualityMetric.recall({ classIndex: 2 }), 0.01),
      QualityGate.maxLoss(QualityMetric.recall({ classIndex: 2 }), 0.02),
    );

    expect(gate._problems(true)).toEqual([
      'QualityMetric.recall({ classIndex: -1 }) classIndex must be a whole number of at least 0, got -1',
      'QualityMetric.topK(0) k must be a whole number of at least 1, got 0',
      'QualityMetric.f1({ output: "" }) output must be the name of an output, got "": leave it out for all outputs',
      'QualityGate.maxLoss(QualityMetric.f1({ output: "" }), …) must be at least 0 and below 1, got 2: it is a share, so 2 per cent is 0.02',
      'gate has QualityGate.maxLoss(QualityMetric.recall({ classIndex: 2 }), …) 2 times, with [0.01,0.02]: keep one of them',
    ]);
  });

  test.each([
    [QualityGate.maxAccuracyLoss(0), true], [QualityGate.maxAccuracyLoss(0.999), true], [QualityGate.maxAccuracyLoss(1), false],
    [QualityGate.maxErrorIncrease(0), true], [QualityGate.maxErrorIncrease(2), true], [QualityGate.maxErrorIncrease(-0.1), false],
    [QualityGate.maxAccuracyLoss(-0.01), false], [QualityGate.maxAccuracyLoss(NaN), false],
    [QualityGate.minAgreement(1), true], [QualityGate.minAgreement(0), false], [QualityGate.minAgreement(1.01), false],
    [QualityGate.maxRelativeError(0.001), true], [QualityGate.maxRelativeError(0), false],
    [QualityGate.maxLatencyRatio(3), true], [QualityGate.maxLatencyRatio(0), false], [QualityGate.maxLatencyRatio(Infinity), false],
    [QualityGate.maxSize(Size.bytes(1)), true], [QualityGate.maxSize(Size.bytes(0)), false],
  ])('has limits that make sense', (gate, fits) => {
    expect(gate._problems(true)).toHaveLength(fits ? 0 : 1);
  });

  test('explains that a share is not a percentage', () => {
    expect(QualityGate.minAgreement(99)._problems(true)).toEqual([expect.stringContaining('got 99: it is a share, so 99 per cent is 0.99')]);
  });

  test('shows a limit that is no number as it was given', () => {
    expect(QualityGate.maxAccuracyLoss(NaN)._problems(true)).toEqual([expect.stringContaining('got NaN')]);
  });

  test.each<[QualityGate, string]>([
    [QualityGate.maxAccuracyLoss(0.01), 'inputs with labels'], [QualityGate.maxErrorIncrease(0.01), 'inputs with labels'], [QualityGate.minAgreement(0.99), 'inputs'],
    [QualityGate.maxLoss(QualityMetric.f1(), 0.01), 'inputs with labels'],
    [QualityGate.notWorseThanServing({ metric: QualityMetric.f1(), margin: 0 }), 'inputs with labels'],
  ])('on decisions requires data', (gate, data) => {
    expect(gate._problems(false)).toEqual([expect.stringContaining(`needs real ${data}: give evaluation`)]);
  });

  test.each([
    QualityGate.maxRelativeError(0.01), QualityGate.maxSize(Size.mebibytes(1)), QualityGate.maxLatencyRatio(1),
  ])('on numbers, size and speed requires none', (gate) => {
    expect(gate._problems(false)).toEqual([]);
  });

  test('strict() alone, or with rules that know no interval, has no effect', () => {
    const words = 'none that it applies to';

    expect(QualityGate.strict()._problems(true)).toEqual([expect.stringContaining(words)]);
    expect(QualityGate.allOf(QualityGate.strict(), QualityGate.maxLatencyRatio(1))._problems(true)).toEqual([expect.stringContaining(words)]);
  });

  test('refuses no rules at all, and duplicate rules', () => {
    expect(QualityGate.allOf()._problems(true)).toEqual([expect.stringContaining('at least one rule')]);
    expect(QualityGate.allOf(QualityGate.minAgreement(0.9), QualityGate.minAgreement(0.8))._problems(true)).toEqual([
      'gate has QualityGate.minAgreement(…) 2 times, with [0.9,0.8]: keep one of them',
    ]);
  });
});
