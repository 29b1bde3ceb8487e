import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import {
  Distillation, EvaluationData, Graph, ModelFormat, ModelOptimizer, ModelSource, OptimizationRecipe, Pruning, Quantization, Student, StudentSize,
} from '../../lib';
import type { DistillationOptions } from '../../lib';
import { checkArtifactFor } from '../../lib/optimization/endpoint-model';
import { directoryWith, fileWith, LITERT, savedModelFiles, ZIP } from '../model/model-files';
import { statementsOf } from './optimizer-fixtures';

const { LITERT: LITE, SAVED_MODEL } = ModelFormat;
const small = Student.ofSize(StudentSize.SMALL);
const evaluation = EvaluationData.fromAsset(fileWith('held-out.npz', ZIP));

const into = (options: DistillationOptions = {}, student = small) => Distillation.into(student, options);

describe('Distillation', () => {
  test.each([
    [[into()], LITE],
    [[into(), Pruning.magnitude({ sparsity: 0.5 }), Quantization.dynamicRange()], LITE],
    [[into(), Graph.freeze()], SAVED_MODEL],
    [[into({ temperature: 100, alpha: 1, epochs: 1, augment: false })], SAVED_MODEL],
  ])('is accepted on every path, before the steps that change its result', (steps, format) => {
    expect(OptimizationRecipe.of(...steps)._problems(format, 'saved_model', true)).toEqual([]);
  });

  test('accepts a .tflite model as its teacher', () => {
    expect(OptimizationRecipe.of(into(), Quantization.float16())._problems(LITE, 'tflite', true)).toEqual([]);
  });

  test.each<[OptimizationRecipe, ModelFormat, boolean, string]>([
    [OptimizationRecipe.of(into()), LITE, false, 'needs real inputs to ask the original about: give evaluation'],
    [OptimizationRecipe.of(into({ temperature: 0 })), LITE, true, 'temperature must be above 0 and at most 100, got 0'],
    [OptimizationRecipe.of(into({ alpha: 50 })), LITE, true, 'got 50: it is a share, so 50 per cent is 0.5'],
    [OptimizationRecipe.of(into({ alpha: -0.1 })), LITE, true, 'alpha must be from 0 to 1, got -0.1'],
    [OptimizationRecipe.of(into({ epochs: 0 })), LITE, true, 'Distillation.into(…) epochs'],
    [OptimizationRecipe.of(into(), into()), LITE, true, 'which exclude each other'],
    [OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.5 }), into()), LITE, true,
      'use OptimizationRecipe.of(Distillation.into(…), Pruning.magnitude(…))'],
    [OptimizationRecipe.of(Quantization.float16(), Pruning.magnitude({ sparsity: 0.5 }), into()), LITE, true,
      'use OptimizationRecipe.of(Distillation.into(…), Pruning.magnitude(…), Quantization.float16())'],
    [OptimizationRecipe.of(Graph.freeze(), into()), SAVED_MODEL, true, 'use OptimizationRecipe.of(Distillation.into(…), Graph.freeze())'],
    [OptimizationRecipe.of(into({}, Student.fromAsset('nowhere'))), LITE, true, 'Student.fromAsset(…): the model "nowhere" does not exist'],
    [OptimizationRecipe.of(into({}, Student.fromAsset(fileWith('student.tflite', LITERT)))), LITE, true, 'is a .tflite file, whose weights cannot be trained'],
    [OptimizationRecipe.of(into({}, Student.fromAsset(directoryWith()))), LITE, true, 'the directory is empty'],
  ])('is refused if it is impossible', (recipe, format, hasData, words) => {
    expect(recipe._problems(format, 'saved_model', hasData)).toEqual([expect.stringContaining(words)]);
  });
});

describe('a given student', () => {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const student = Student.fromAsset(directoryWith({ ...savedModelFiles(), 'note.txt': 'student' }));
  new ModelOptimizer(stack, 'Digits', {
    model: ModelSource.fromAsset(directoryWith(savedModelFiles())),
    evaluation,
    recipe: OptimizationRecipe.of(Distillation.into(student), Quantization.dynamicRange()),
  });
  const template = Template.fromStack(stack);
  const text = JSON.stringify(Object.values(template.findResources('Custom::TensorFlowModelBuild'))[0].Properties.Job);
  const digest = /given\\*":\{\\*"packaging\\*":\\*"zip\\*",\\*"identity\\*":\{\\*"digest\\*":\\*"([0-9a-f]{64})/.exec(text)?.[1];

  test('is part of the job by its content', () => {
    expect(digest).toBeDefined();
    expect(text).toContain(`${digest}.zip`);
  });

  test('can be read by the build, and only under its own key', () => {
    const statements = Object.keys(template.findResources('AWS::IAM::Role')).flatMap((role) => statementsOf(template, role));
    const reads = statements.filter(({ Action, Resource }: any) => Action === 's3:GetObject' && JSON.stringify(Resource).includes(`${digest}.zip`));

    expect(reads).toHaveLength(1);
  });
});

describe('pruning of a SavedModel', () => {
  const stack = new Stack(new App(), 'Stack');
  const model = {
    model: ModelSource.fromAsset(directoryWith(savedModelFiles())),
    modelName: 'digits',
    format: SAVED_MODEL,
    architecture: lambda.Architecture.X86_64,
    recipe: OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.5 })),
  };

  test('is accepted by an endpoint that fetches the archive, and refused by one that reads file by file', () => {
    expect(checkArtifactFor(stack, 'Fleet', model)).toEqual([]);
    expect(checkArtifactFor(stack, 'Service', { ...model, isReadByFile: true })).toEqual([
      expect.stringContaining('serve the model with ModelFleet or ModelFunction'),
    ]);
  });
});
