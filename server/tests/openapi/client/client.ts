// Asks a served model by the types that openapi-typescript makes of its openapi.json.
import createClient from 'openapi-fetch';
import type { paths } from './schema';

declare const process: { argv: string[] };

async function main(baseUrl: string): Promise<void> {
  const client = createClient<paths>({ baseUrl });

  const { data: rows } = await client.POST('/v1/models/zoo:predict', { body: { instances: [[0.5, -1.5, 2.25, 1]] } });
  const { data: tensors } = await client.POST('/v2/models/zoo/infer', {
    body: { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [0.5, -1.5, 2.25, 1] }] },
  });
  const refused = await client.POST('/v1/models/zoo:predict', {
    // @ts-expect-error the default signature takes lists of numbers
    body: { instances: ['a'] },
  });

  console.log(JSON.stringify({
    predictions: rows && 'predictions' in rows ? rows.predictions : undefined,
    outputs: typeof tensors === 'object' ? tensors.outputs[0]?.data : undefined,
    error: refused.error?.error,
  }));
}

void main(process.argv[2] ?? '');
