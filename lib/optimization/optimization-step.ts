/** One thing that is done to a model. Made by `Pruning`, `Quantization` and `Graph`. */
export abstract class OptimizationStep {
  /** What the user wrote, for messages. */
  public abstract readonly description: string;

  /** @internal */
  public abstract _render(): Record<string, unknown>;
}
