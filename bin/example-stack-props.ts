import type { StackProps } from 'aws-cdk-lib';
import type { OptimizationRecipe, QualityGate } from '../lib';

/** The model, for every stack of the example app. */
export interface ExampleStackProps extends StackProps {
  /** SavedModel directory, `.keras`, `.h5` or (LiteRT only) `.tflite` file. */
  readonly model: string;
  /** `.npz` or `.jsonl` file with inputs and labels. */
  readonly evaluation?: string;
  /** Text file with the name of a class on each line, in the order of the output. */
  readonly labelsFile?: string;
  /** Name of the model in requests. @default digits */
  readonly modelName?: string;
  readonly inputShapes?: { [name: string]: number[] };
  /** Overrides the recipe of the stack. */
  readonly recipe?: OptimizationRecipe;
  readonly gate?: QualityGate;
  /** Serve this published model, and optimize none. */
  readonly published?: { readonly bucketName: string; readonly manifestKey: string };
}
