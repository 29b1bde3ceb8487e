import { join } from 'path';
import type { handleUnaryCall } from '@grpc/grpc-js';
import { Server, ServerCredentials, loadPackageDefinition, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Tensor } from '../../examples/clients/typescript/grpc-client';
import { GrpcModelClient } from '../../examples/clients/typescript/grpc-client';

/** The parts of a request or an answer that these tests check. */
interface Message {
  readonly model_spec?: object;
  readonly inputs?: Record<string, any>;
  readonly outputs?: Record<string, any>;
}

const dim = (...shape: number[]) => ({ dim: shape.map((size) => ({ size })) });

let server: Server;
let client: GrpcModelClient;
let answer: handleUnaryCall<Message, Message>;
let asked: Message;

beforeAll(async () => {
  const proto = loadSync(join(__dirname, '../../examples/clients/typescript/predict.proto'), { keepCase: true, longs: String, enums: String, defaults: true });
  server = new Server();
  server.addService((loadPackageDefinition(proto) as any).tensorflow.serving.PredictionService.service, {
    Predict: (call: any, done: any) => {
      asked = call.request;
      answer(call, done);
    },
  });
  const port = await new Promise<number>((done, fail) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? fail(error) : done(bound))));
  client = new GrpcModelClient(`127.0.0.1:${port}`, 'points');
});

afterAll(() => {
  client.close();
  server.forceShutdown();
});

test.each<[string, Tensor['values']]>([
  ['DT_FLOAT', Float32Array.of(0.5, -1.5)], ['DT_DOUBLE', Float64Array.of(0.1, 1e300)], ['DT_INT32', Int32Array.of(-7, 2 ** 31 - 1)],
  ['DT_UINT8', Uint8Array.of(0, 255)], ['DT_INT8', Int8Array.of(-128, 127)], ['DT_INT64', BigInt64Array.of(-1n, 2n ** 62n)],
])('a tensor of type %s goes out and comes back as it is', async (dtype, values) => {
  answer = ({ request }, done) => done(null, { outputs: { same: request.inputs!.x } });

  expect(await client.predict({ x: { shape: [2, 1], values } })).toEqual({ same: { shape: [2, 1], values } });

  expect(asked.model_spec).toMatchObject({ name: 'points', signature_name: '' });
  expect(asked.inputs!.x).toMatchObject({ dtype, tensor_shape: { dim: [{ size: '2' }, { size: '1' }] } });
});

test('sends only the given part of a larger array', async () => {
  answer = ({ request }, done) => done(null, { outputs: { same: request.inputs!.x } });

  const { same } = await client.predict({ x: { shape: [2], values: Float32Array.of(1, 2, 3, 4).subarray(1, 3) } });

  expect(same.values).toEqual(Float32Array.of(2, 3));
});

test.each<[string, object, Tensor]>([
  ['one by one, as TensorFlow Serving does', { dtype: 'DT_FLOAT', tensor_shape: dim(1, 3), float_val: [1, 2, 3] }, { shape: [1, 3], values: Float32Array.of(1, 2, 3) }],
  ['without the end, where it repeats', { dtype: 'DT_INT32', tensor_shape: dim(4), int_val: [1, 9] }, { shape: [4], values: Int32Array.of(1, 9, 9, 9) }],
  ['as 64 bits, more than a number holds', { dtype: 'DT_INT64', tensor_shape: dim(1), int64_val: ['9007199254740993'] }, { shape: [1], values: BigInt64Array.of(9007199254740993n) }],
  ['not at all, where all are 0', { dtype: 'DT_FLOAT', tensor_shape: dim(2) }, { shape: [2], values: new Float32Array(2) }],
  ['as a scalar', { dtype: 'DT_DOUBLE', tensor_shape: dim(), double_val: [0.25] }, { shape: [], values: Float64Array.of(0.25) }],
])('an answer may spell its values %s', async (_, message, expected) => {
  answer = (__, done) => done(null, { outputs: { scores: message } });

  expect(await client.predict({})).toEqual({ scores: expected });
});

test('an output of a type that the client does not read is named', async () => {
  answer = (_, done) => done(null, { outputs: { words: { dtype: 'DT_STRING', tensor_shape: dim(1) } } });

  await expect(client.predict({})).rejects.toThrow('the output words has the type DT_STRING; this client reads DT_FLOAT, DT_DOUBLE');
});

test('a refusal has its status and message', async () => {
  answer = (_, done) => done({ code: status.INVALID_ARGUMENT, details: 'x has another shape' });

  await expect(client.predict({})).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, details: 'x has another shape' });
});

test('an answer of more than 4 MB is accepted', async () => {
  const values = new Float32Array(2_000_000).fill(0.5);
  answer = (_, done) => done(null, { outputs: { scores: { dtype: 'DT_FLOAT', tensor_shape: dim(values.length), tensor_content: Buffer.from(values.buffer) } } });

  const { scores } = await client.predict({});

  expect([scores.shape, scores.values.length, scores.values.at(-1)]).toEqual([[2_000_000], 2_000_000, 0.5]);
});
