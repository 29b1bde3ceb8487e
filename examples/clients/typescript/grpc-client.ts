import { join } from 'path';
import type { ChannelCredentials, Client, ServiceClientConstructor, ServiceError } from '@grpc/grpc-js';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** Numbers in row-major order; dimension 0 of the shape is the batch. The array's own type is the tensor's. */
export interface Tensor<Values extends TensorValues = TensorValues> {
  readonly shape: number[];
  readonly values: Values;
}

export type TensorValues = Float32Array | Float64Array | Int32Array | Uint8Array | Int8Array | BigInt64Array;

/** A tensor as `predict.proto` has it. */
interface TensorMessage {
  readonly dtype: string;
  readonly tensor_shape: { readonly dim: { readonly size: string }[] };
  readonly tensor_content: Buffer;
  readonly [values: `${string}_val`]: (number | string)[];
}

interface PredictionService extends Client {
  predict(
    request: object, options: { readonly deadline: number },
    done: (error: ServiceError | null, answer?: { outputs: Record<string, TensorMessage> }) => void,
  ): void;
}

const TIMEOUT_MILLISECONDS = 60_000;
/** Channel option for answers of any length: gRPC accepts only 4 MB by default. */
const ANY_LENGTH = { 'grpc.max_receive_message_length': -1 };
const TYPES = [
  { dtype: 'DT_FLOAT', array: Float32Array, field: 'float_val' },
  { dtype: 'DT_DOUBLE', array: Float64Array, field: 'double_val' },
  { dtype: 'DT_INT32', array: Int32Array, field: 'int_val' },
  { dtype: 'DT_UINT8', array: Uint8Array, field: 'int_val' },
  { dtype: 'DT_INT8', array: Int8Array, field: 'int_val' },
  { dtype: 'DT_INT64', array: BigInt64Array, field: 'int64_val' },
] as const;

/**
 * Asks a service or a fleet by gRPC, which is smaller and faster than JSON for large inputs. Lambda has no gRPC. Needs `predict.proto` beside it.
 *
 * npm install @grpc/grpc-js @grpc/proto-loader
 */
export class GrpcModelClient {
  private readonly service: PredictionService;

  /**
   * @param address HOST:8500
   * @param channel `credentials.createSsl(ca)` for an endpoint with a `serverCertificate`
   */
  constructor(address: string, private readonly model: string, channel: ChannelCredentials = credentials.createInsecure()) {
    const definition = loadSync(join(__dirname, 'predict.proto'), { keepCase: true, longs: String, enums: String, defaults: true });
    const { tensorflow } = loadPackageDefinition(definition) as unknown as { tensorflow: { serving: { PredictionService: ServiceClientConstructor } } };
    this.service = new tensorflow.serving.PredictionService(address, channel, ANY_LENGTH) as unknown as PredictionService;
  }

  /** The outputs by name. The promise is rejected with gRPC's `ServiceError` when the model refuses the request or does not answer. */
  public async predict(inputs: Record<string, Tensor>): Promise<Record<string, Tensor>> {
    const request = {
      model_spec: { name: this.model },
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toMessage(tensor)])),
    };
    const outputs = await new Promise<Record<string, TensorMessage>>((done, fail) => {
      const deadline = Date.now() + TIMEOUT_MILLISECONDS;
      this.service.predict(request, { deadline }, (error, answer) => (error ? fail(error) : done(answer!.outputs)));
    });
    return Object.fromEntries(Object.entries(outputs).map(([name, message]) => [name, fromMessage(name, message)]));
  }

  /** Closes the connection, without which a program that has nothing else to do may not end. */
  public close(): void {
    this.service.close();
  }
}

function toMessage({ shape, values }: Tensor): object {
  const { dtype } = TYPES.find(({ array }) => values instanceof array)!;
  return {
    dtype,
    tensor_shape: { dim: shape.map((size) => ({ size })) },
    tensor_content: Buffer.from(values.buffer, values.byteOffset, values.byteLength), // little-endian on both sides
  };
}

function fromMessage(name: string, message: TensorMessage): Tensor {
  const type = TYPES.find(({ dtype }) => dtype === message.dtype);
  if (!type) {
    throw new Error(`the output ${name} has the type ${message.dtype}; this client reads ${TYPES.map(({ dtype }) => dtype).join(', ')}`);
  }
  const shape = message.tensor_shape.dim.map(({ size }) => Number(size));
  const bytes = message.tensor_content;
  if (bytes.length > 0) {
    return { shape, values: new type.array(Uint8Array.from(bytes).buffer) };
  }
  const given = message[type.field];
  const values = new type.array(shape.reduce((count, size) => count * size, 1));
  // A sender may leave out the end where the last value repeats.
  values.forEach((_, index) => {
    const value = given[Math.min(index, given.length - 1)] ?? 0;
    values[index] = values instanceof BigInt64Array ? BigInt(value) : Number(value);
  });
  return { shape, values };
}
