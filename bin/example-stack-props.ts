import type { StackProps } from 'aws-cdk-lib';
import type { OptimizationRecipe, QualityGate } from '../lib';

/** What every stack of the example app is told of the model. */
export interface ExampleStackProps extends StackProps {
  /** SavedModel directory, `.keras`, `.h5` or (for the function alone) `.tflite` file. */
  readonly model: string;
  /** `.npz` or `.jsonl` file with inputs and labels. */
  readonly evaluation?: string;
  /**
   * Name of the model in requests.
   *
   * @default digits
   */
  readonly modelName?: string;
  readonly inputShapes?: { [name: string]: number[] };
  /** How the model is optimized, where the path's own recipe is not wanted. */
  readonly recipe?: OptimizationRecipe;
  readonly gate?: QualityGate;
}
