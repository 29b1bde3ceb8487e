import type { Construct } from 'constructs';
import type { StoredObject } from '../../model/stored-object';
import type * as documents from '../../private/documents/job';

/** One optimization of a model, from `Distillation`, `Pruning`, `Quantization` or `Graph`. */
export abstract class OptimizationStep {
  /** The step as the user wrote it, for messages. */
  public abstract readonly description: string;

  /** Uploads the step's files. Call it only if no problem was found. @internal */
  public _bind(_scope: Construct, _id: string): StoredObject | undefined {
    return undefined;
  }

  /** Equal for steps that lead to the same candidate. @internal */
  public _key(): string {
    return JSON.stringify(this._render());
  }

  /** The step in job.json, with its upload. @internal */
  public abstract _render(stored?: StoredObject): NonNullable<documents.Recipe['steps']>[number];
}
