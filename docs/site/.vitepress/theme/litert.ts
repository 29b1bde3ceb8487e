import { loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core';
import { inputProblems } from './tensors';
import type { NumberArray, TensorDetails } from './tensors';

export interface Model {
  readonly inputs: readonly TensorDetails[];
  readonly outputs: readonly TensorDetails[];
  /** Runs the model once, with an array for each input, and returns one for each output. */
  run(values: readonly NumberArray[]): Promise<{ readonly values: readonly ArrayLike<number | bigint>[]; readonly milliseconds: number }>;
  delete(): void;
}

let runtime: Promise<unknown> | undefined;

/** Loads LiteRT from this site, once, and a model. Throws a sentence if the model cannot run in a browser. */
export async function loadModel(file: Uint8Array, program: string): Promise<Model> {
  runtime ??= loadLiteRt(program).catch((error: unknown) => {
    runtime = undefined;
    throw error;
  });
  await runtime;
  const model = await loadAndCompile(file, { accelerator: 'wasm' });
  const details = (tensors: ReturnType<typeof model.getInputDetails>): TensorDetails[] => tensors
    .map(({ name, dtype, shape }) => ({ name, dtype, shape: [...shape] }));
  const inputs = details(model.getInputDetails());
  const problems = inputProblems(inputs);
  if (problems.length > 0) {
    model.delete();
    throw new Error(problems.join(' '));
  }
  return {
    inputs,
    outputs: details(model.getOutputDetails()),
    run: async (values) => {
      const tensors = values.map((array, index) => new Tensor(array, [...inputs[index].shape]));
      const started = performance.now();
      const results = await model.run(tensors);
      const answers = await Promise.all(results.map((result) => result.data()));
      const milliseconds = performance.now() - started;
      [...tensors, ...results].forEach((tensor) => tensor.delete());
      return { values: answers, milliseconds };
    },
    delete: () => model.delete(),
  };
}
