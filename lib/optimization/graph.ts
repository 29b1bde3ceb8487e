import { OptimizationStep } from './optimization-step';

/** Changes to a model's graph that change none of its numbers. For TensorFlow Serving: LiteRT's conversion does as much by itself. */
export class Graph extends OptimizationStep {
  /** Re-saves what serving needs (variables, tables, assets, all signatures) and drops the rest: loads faster, and is smaller. */
  public static strip(): Graph {
    return new Graph('strip');
  }

  public readonly description: string;

  private constructor(private readonly step: 'strip') {
    super();
    this.description = `Graph.${step}()`;
  }

  /** @internal */
  public _render(): Record<string, unknown> {
    return { step: this.step };
  }
}
