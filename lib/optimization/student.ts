import { resolve } from 'node:path';
import type { Construct } from 'constructs';
import { inspectModel } from '../model/model-inspection';
import type { StoredObject } from '../model/stored-object';
import { renderStored, storeAsset } from '../model/stored-object';
import type { StudentSize } from './student-size';

/** The smaller model that learns from the original, and is published in its place. */
export abstract class Student {
  /**
   * A model of your own: a SavedModel directory, or a .keras or .h5 file, with the inputs and outputs of its teacher (the same names, types and
   * shapes). It may be trained already, or not at all.
   *
   * A student that does not match its teacher's signature ends the optimization with exit code 2.
   *
   * @param path relative to where the CDK app runs
   */
  public static fromAsset(path: string): Student {
    return new AssetStudent(path);
  }

  /**
   * A student that is built to its teacher's signature: convolutions for images and series, dense layers for anything else.
   *
   * For models whose inputs are floats, bytes or small integers. Numbers of words and texts need a student of your own.
   *
   * @param size how large
   */
  public static ofSize(size: StudentSize): Student {
    return new SizedStudent(size);
  }

  /** @internal */
  public abstract _problems(): string[];

  /** What tells the student from others. @internal */
  public abstract _key(): string;

  /** Uploads the student, where it is a file. Only after `_problems()` found none. @internal */
  public abstract _bind(scope: Construct, id: string): StoredObject | undefined;

  /** @internal */
  public abstract _render(stored?: StoredObject): Record<string, unknown>;
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

  public _render(stored?: StoredObject) {
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

  public _render() {
    return { size: this.size };
  }
}
