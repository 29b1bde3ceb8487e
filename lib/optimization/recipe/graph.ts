import type * as documents from '../../private/documents/job';
import { OptimizationStep } from './optimization-step';

/** Changes to a model's graph that keep its answers. For TensorFlow Serving only; LiteRT's conversion includes them. */
export class Graph extends OptimizationStep {
  /**
   * Saves only what serving needs (variables, tables, assets, all signatures): smaller and faster to load.
   *
   * The deployment fails if that is impossible, or would change an answer; `OptimizationRecipe.forServing()` then publishes the model as it is.
   */
  public static strip(): Graph {
    return new Graph('strip');
  }

  /**
   * Turns variables into constants and drops what no signature calls: fastest to load. For models without state and tables, below 1 GB.
   *
   * Every signature is compared with the original. If an answer would change, the model is stripped instead, or published as it is, and the report says so.
   */
  public static freeze(): Graph {
    return new Graph('freeze');
  }

  public readonly description: string;

  private constructor(private readonly step: 'strip' | 'freeze') {
    super();
    this.description = `Graph.${step}()`;
  }

  /** @internal */
  public _freezes(): boolean {
    return this.step === 'freeze';
  }

  /** @internal */
  public _render(): documents.Strip | documents.Freeze {
    return { step: this.step };
  }
}
