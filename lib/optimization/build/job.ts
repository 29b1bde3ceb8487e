import type { ModelSourceOptions } from '../../model/model-source-options';
import { StatefulBehavior } from '../../model/model-source-options';
import type { ModelFormat } from '../../model/published-model';
import type { StoredObject } from '../../model/stored-object';
import { renderStored } from '../../model/stored-object';
import type { Architecture, Job } from '../../private/documents/job';
import { inNameOrder } from '../../private/in-name-order';
import type { ModelTask } from '../optimization-options';
import type { ImageInput } from '../recipe/image-input';
import type { OptimizationRecipe } from '../recipe/optimization-recipe';
import type { QualityGate } from '../recipe/quality-gate';

/**
 * Versions that determine an artifact's bytes, part of every build key.
 *
 * A test compares them with optimizer: its requirements.txt and its BEHAVIOR_VERSION.
 */
export const TOOLCHAIN = { behaviorVersion: 17, tensorflow: '2.20.0', litert: '2.3.0' };

export interface JobOptions {
  readonly modelName: string;
  readonly format: ModelFormat;
  readonly source: StoredObject;
  readonly sourceOptions: ModelSourceOptions;
  readonly evaluation?: StoredObject;
  readonly imageInput?: ImageInput;
  readonly tasks?: { [output: string]: ModelTask };
  readonly recipe: OptimizationRecipe;
  /** Uploads of the recipe's steps, in their order: a student's model. */
  readonly brought?: (StoredObject | undefined)[];
  readonly gate?: QualityGate;
  readonly seed?: number;
  readonly architecture: Architecture;
  readonly labels?: string[];
  /** Number of rows of the evaluation data published in a SavedModel for the server's warm-up. */
  readonly warmupRecords?: number;
  /** The image whose server is published with the model. */
  readonly serverImage?: string;
}

/**
 * The optimizer's job.json as data. Its schema is optimizer/schema/job.schema.json.
 *
 * All members except the locations of source, data and students are part of the build key, so none may depend on the order in which tokens were
 * created.
 */
export function renderJob(options: JobOptions): Job {
  const { sourceOptions } = options;
  return withoutAbsent({
    schemaVersion: 1,
    model: options.modelName,
    format: options.format,
    source: {
      ...renderStored(options.source),
      inputShapes: inNameOrder(sourceOptions.inputShapes),
      signatureName: sourceOptions.signatureName,
      tags: sourceOptions.tags ?? ['serve'],
      stateful: sourceOptions.stateful ?? StatefulBehavior.REFUSE,
      allowedOperations: sourceOptions.allowedOperations,
    },
    evaluation: options.evaluation && renderStored(options.evaluation),
    image: options.imageInput?._renderImage(),
    tasks: inNameOrder(options.tasks ?? {}),
    recipe: options.recipe._render(options.brought),
    gate: options.gate?._render(),
    seed: options.seed ?? 0,
    architecture: options.architecture,
    labels: options.labels,
    warmupRecords: options.warmupRecords,
    server: options.serverImage === undefined ? undefined : { image: options.serverImage },
    toolchain: TOOLCHAIN,
  });
}

/** Leaves out undefined members at every depth, so that they do not become null. */
function withoutAbsent<T>(value: T): T {
  if (Array.isArray(value)) {
    return value.map(withoutAbsent) as T;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(members.map(([name, member]) => [name, withoutAbsent(member as unknown)])) as T;
  }
  return value;
}
