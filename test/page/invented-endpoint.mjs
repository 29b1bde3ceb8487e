// An endpoint with a model for each kind of form: metadata as TensorFlow Serving writes it, and answers that can be foretold.
import { standingEndpoint } from '../../lab/stand_ins/endpoint.ts';

const tensor = (dtype, ...sizes) => ({ dtype: `DT_${dtype}`, tensor_shape: { dim: sizes.map((size) => ({ size: String(size), name: '' })), unknown_rank: false }, name: '' });
const signature = (inputs, outputs) => ({ inputs, outputs, method_name: 'tensorflow/serving/predict' });
const sum = (values) => values.flat(Infinity).reduce((total, value) => total + value, 0);

const MODELS = {
  table: {
    signatures: {
      serving_default: signature({ x: tensor('FLOAT', -1, 3) }, { scores: tensor('FLOAT', -1, 3) }),
      typed: signature({ name: tensor('STRING', -1), age: tensor('INT64', -1), member: tensor('BOOL', -1) }, { price: tensor('FLOAT', -1) }),
    },
    answer: ({ instances, signature_name: name }) => ({ predictions: instances.map((row) => (name ? row.age * 2 : row.map((value) => value / sum(row)))) }),
  },
  colors: {
    signatures: { serving_default: signature({ image: tensor('FLOAT', -1, 16, 16, 3) }, { channels: tensor('FLOAT', -1, 3) }) },
    answer: ({ instances: [image] }) => ({ predictions: [[0, 1, 2].map((channel) => sum(image.map((row) => row.map((pixel) => pixel[channel]))) / 256)] }),
  },
  long: {
    signatures: { serving_default: signature({ samples: tensor('FLOAT', -1, 100) }, { mean: tensor('FLOAT', -1) }) },
    answer: ({ instances: [row] }) => ({ predictions: [sum(row) / row.length] }),
  },
  hostile: {
    signatures: { serving_default: signature({ '<img src=x onerror=alert(1)>': tensor('STRING', -1) }, { y: tensor('STRING', -1) }) },
    answer: ({ instances }) => ({ predictions: instances }),
  },
};

/** Starts the endpoint. */
export function inventedEndpoint() {
  return standingEndpoint(({ path, body }) => {
    const [, name, verb] = /^\/v1\/models\/(\w+)(:predict|\/metadata)$/.exec(path) ?? [];
    const model = MODELS[name];
    const json = (status, value) => ({ status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) });
    if (!model) {
      return json(404, { error: `unknown model ${JSON.stringify(name)}; this endpoint serves ${Object.keys(MODELS).join(', ')}` });
    }
    return json(200, verb === ':predict' ? model.answer(JSON.parse(body.toString())) : {
      model_spec: { name, signature_name: '', version: '7' }, metadata: { signature_def: { signature_def: model.signatures } },
    });
  });
}
