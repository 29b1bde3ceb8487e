import { resolve } from 'node:path';
import type { Construct } from 'constructs';
import { inspectModel } from '../../model/model-inspection';
import type { StoredObject } from '../../model/stored-object';
import { renderStored, storeAsset } from '../../model/stored-object';
import type * as documents from '../../private/documents/job';

/** The smaller model that learns from the original and replaces it. */
export abstract class Student {
  /**
   * Your own model: a SavedModel directory, or a .keras or .h5 file, with the teacher's inputs and outputs (the same names, types and
   * shapes). It may be trained or untrained.
   *
   * A student that does not match its teacher's signature ends the optimization with exit code 2.
   *
   * @param path relative to the working directory of the CDK app
   */
  public static fromAsset(path: string): Student {
    return new AssetStudent(path);
  }

  /**
   * A student built for its teacher's signature: convolutions for images and series, dense layers for other inputs.
   *
   * For models whose inputs are floats, bytes or small integers. Word indices and texts need a student of your own.
   *
   * @param size the size of the student
   */
  public static ofSize(size: StudentSize): Student {
    return new SizedStudent(size);
  }

  /** @internal */
  public abstract _problems(): string[];

  /** Identifies the student. @internal */
  public abstract _key(): string;

  /** Uploads the student if it is a file. Call it only if `_problems()` found none. @internal */
  public abstract _bind(scope: Construct, id: string): StoredObject | undefined;

  /** @internal */
  public abstract _render(stored?: StoredObject): documents.Student;
}

class AssetStudent extends Student {
  constructor(private readonly path: string) {
    super();
  }

  public _problems() {
    const { kind, problems } = inspectModel(this.path);
    return kind === 'tflite'
      ? [`Student.fromAsset(${JSON.stringify(this.path)}) is a .tflite file, whose weights cannot be trained: give its SavedModel or Keras file`]
      : problems.map((problem) => `Student.fromAsset(…): ${problem}`);
  }

  public _key() {
    return resolve(this.path);
  }

  public _bind(scope: Construct, id: string) {
    return storeAsset(scope, id, this.path);
  }

  public _render(stored?: StoredObject): documents.Student {
    return { given: stored && renderStored(stored) };
  }
}

class SizedStudent extends Student {
  constructor(private readonly size: StudentSize) {
    super();
  }

  public _problems() {
    return [];
  }

  public _key() {
    return this.size;
  }

  public _bind() {
    return undefined;
  }

  public _render(): documents.Student {
    return { size: this.size };
  }
}

/**
 * Size of a student that is built for its teacher's signature.
 *
 * Images (height, width, channels) and series (steps, channels) pass through convolutions of stride 2 until at most 7 positions are left on each
 * side; other inputs skip them. One dense layer follows, and one more for each output.
 */
export enum StudentSize {
  /** 4 filters in the first convolution, doubling up to 32; 16 units in the dense layer. */
  TINY = 'tiny',
  /** 8 filters, up to 64; 40 units. About 33,000 weights for images of 28 by 28 pixels and ten classes. */
  SMALL = 'small',
  /** 16 filters, up to 128; 64 units. About 106,000 weights for images of 28 by 28 pixels and ten classes. */
  MEDIUM = 'medium',
}
