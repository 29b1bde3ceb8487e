import type { Construct } from 'constructs';
import type { StoredObject } from '../model/stored-object';

/** One thing that is done to a model. Made by `Distillation`, `Pruning`, `Quantization` and `Graph`. */
export abstract class OptimizationStep {
  /** What the user wrote, for messages. */
  public abstract readonly description: string;

  /** Uploads what the step brings along. Only after no problem was found. @internal */
  public _bind(_scope: Construct, _id: string): StoredObject | undefined {
    return undefined;
  }

  /** What tells the step from others: equal for steps that make the same candidate. @internal */
  public _key(): string {
    return JSON.stringify(this._render());
  }

  /** The step in job.json, with what it brought along. @internal */
  public abstract _render(stored?: StoredObject): Record<string, unknown>;
}
