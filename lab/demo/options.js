// Plain JavaScript without packages, so that a typo is reported before the set-up has installed anything.
const { existsSync, statSync } = require('fs');
const { extname, join, resolve } = require('path');
const { parseArgs } = require('util');

const PATH_NAMES = ['function', 'service', 'fleet'];
const SERVERS = ['tensorflow_serving', 'litert'];
const NODES = ['simulated', 'real', 'auto'];
const ROOT = resolve(__dirname, '..', '..');
/** Models to show, by the name of their directory in examples/. Those that are made are below .tools/, after their make.py has run. */
const EXAMPLES = {
  digits: {},
  weather: { model: 'examples/weather/weather.keras', data: 'examples/weather/evaluation.npz' },
  penguins: { model: 'examples/penguins/penguins.keras', data: 'examples/penguins/evaluation.csv', labels: 'examples/penguins/species.txt' },
  spam: {
    make: 'examples/spam/make.py',
    model: '.tools/examples/spam/spam.keras', data: '.tools/examples/spam/evaluation.jsonl', labels: '.tools/examples/spam/classes.txt',
  },
};
const MODEL_FILES = ['.keras', '.h5', '.hdf5', '.tflite'];

const USAGE = `Usage: npm run demo -- [options]

Deploys a model to an AWS that runs on this machine, and asks it for predictions.

  --example NAME            ${Object.keys(EXAMPLES).join(', ')}: a model of examples/; digits when absent. penguins has categories in
                            a table. spam reads texts; its mails are downloaded, 20 MB, and its model is trained first
  --model PATH              a model of your own: a SavedModel directory, .keras, .h5 or .tflite file
  --data FILE               its evaluation data: .npz with one array per input and \`labels\`, .jsonl, .csv or .parquet
  --labels FILE             the names of its classes, one on each line, in the order of the output
  --input-shape NAME=SHAPE  the whole shape of an input with unknown dimensions, e.g. audio=-1,16000, where -1 is the
                            batch (repeatable)
  --path PATH               ${[...PATH_NAMES, 'all'].join(', ')}; function when absent. all shows them side by side
  --server SERVER           ${SERVERS.join(', ')}, for service and fleet; tensorflow_serving when absent,
                            which a stand-in plays
  --nodes HOW               ${NODES.join(', ')}, for service: pods are processes of this machine, or run on three real
                            Kubernetes nodes (root, and the programs of \`npm run test:nodes\`), or the latter
                            where this machine can; simulated when absent
  --open                    leave everything running, and serve a page that asks the model, with the report beside it
  --strict                  a path that this machine cannot show is an error, and not left out
  --json FILE               write all figures there
  --help                    this text

The set-up takes 3.5 GB of disk. Each build installs TensorFlow, from the cache of uv where it is there. Without a network set UV_OFFLINE=1,
once the demo has run with one.
`;

function parseOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      'example': { type: 'string' },
      'model': { type: 'string' },
      'data': { type: 'string' },
      'labels': { type: 'string' },
      'input-shape': { type: 'string', multiple: true, default: [] },
      'path': { type: 'string', default: 'function' },
      'server': { type: 'string', default: 'tensorflow_serving' },
      'nodes': { type: 'string' },
      'open': { type: 'boolean', default: false },
      'strict': { type: 'boolean', default: false },
      'json': { type: 'string' },
      'help': { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    return 'help';
  }
  const shapes = values['input-shape'].map(parseInputShape);
  const problems = [
    ...[['--model', values.model], ['--data', values.data], ['--labels', values.labels]]
      .filter(([, path]) => path !== undefined && !existsSync(path))
      .map(([option, path]) => `${option} names ${JSON.stringify(path)}, which does not exist`),
    ...(values.model && existsSync(values.model) ? modelProblems(values.model) : []),
    ...exampleProblems(values),
    ...(values.data && !values.model ? ['--data goes with --model: the digits example has its own evaluation data'] : []),
    ...(values.labels && !values.data ? ['--labels goes with --data: it names the classes of its rows, and of the answers to them'] : []),
    ...([...PATH_NAMES, 'all'].includes(values.path) ? []
      : [`--path must be one of ${[...PATH_NAMES, 'all'].join(', ')}, got ${JSON.stringify(values.path)}`]),
    ...(SERVERS.includes(values.server) ? [] : [`--server must be one of ${SERVERS.join(', ')}, got ${JSON.stringify(values.server)}`]),
    ...nodesProblems(values),
    ...shapes.filter((shape) => typeof shape === 'string'),
  ];
  if (problems.length > 0) {
    throw new Error(problems.join('\n'));
  }
  const given = values.example === undefined ? values : absolute(EXAMPLES[values.example]);
  return {
    make: given.make,
    model: given.model && resolve(given.model),
    data: given.data && resolve(given.data),
    labels: given.labels && resolve(given.labels),
    inputShapes: Object.fromEntries(shapes),
    paths: values.path === 'all' ? [...PATH_NAMES] : [values.path],
    server: values.server,
    nodes: values.nodes ?? 'simulated',
    open: values.open,
    strict: values.strict,
    json: values.json && resolve(values.json),
  };
}

const absolute = (example) => Object.fromEntries(Object.entries(example).map(([name, path]) => [name, join(ROOT, path)]));

function exampleProblems({ example, ...values }) {
  const own = ['model', 'data', 'labels'].filter((name) => values[name] !== undefined);
  return example === undefined ? [] : [
    ...example in EXAMPLES ? [] : [`--example must be one of ${Object.keys(EXAMPLES).join(', ')}, got ${JSON.stringify(example)}`],
    ...own.length ? [`--example has a model and data of its own: leave out --${own.join(' and --')}`] : [],
  ];
}

/** Needs of the options from the set-up: the native runtime's server only for a path that serves with it. */
function setUpNeeds({ paths, server, model }) {
  const isFunctionOnly = paths.every((path) => path === 'function');
  return {
    namespaces: true,
    programs: isFunctionOnly || server === 'tensorflow_serving' ? ['bootstrap'] : ['bootstrap', 'model_server'],
    // Stand-ins, the comparison of paths, and what looks at a model of one's own run there.
    testTools: !isFunctionOnly || model !== undefined,
  };
}

/** Returns how long the demo takes, as a sentence. */
function duration(options, isFirst) {
  const minutes = options.paths.length + (isFirst ? setUpNeeds(options).programs.length : 0);
  const text = `This takes about ${minutes === 1 ? 'one minute' : `${minutes} minutes`} on two processors`;
  return isFirst ? `${text}: the first run installs packages into this clone, and compiles the native runtime.` : `${text}.`;
}

function nodesProblems({ nodes, path }) {
  if (nodes === undefined) {
    return [];
  }
  return [
    ...NODES.includes(nodes) ? [] : [`--nodes must be ${NODES.slice(0, -1).join(', ')} or ${NODES.at(-1)}, got ${JSON.stringify(nodes)}`],
    ...['service', 'all'].includes(path) ? [] : [`--nodes goes with --path service or all: the path ${path} has no cluster`],
  ];
}

/** Problems of a file that is obviously no model; the synthesis reads the others. */
function modelProblems(path) {
  const kinds = `a SavedModel directory, or a ${MODEL_FILES.join(', ')} file`;
  if (statSync(path).isDirectory()) {
    const found = existsSync(join(path, 'saved_model.pb')) || existsSync(join(path, 'saved_model.pbtxt'));
    return found ? [] : [`--model must be ${kinds}; ${JSON.stringify(path)} is a directory without saved_model.pb`];
  }
  return MODEL_FILES.includes(extname(path)) ? [] : [`--model must be ${kinds}, got ${JSON.stringify(path)}`];
}

/** Name and shape, or the problem as a sentence. */
function parseInputShape(text) {
  const match = /^(?<name>[^=]+)=(?<shape>(?:-1|[1-9]\d*)(?:,[1-9]\d*)*)$/.exec(text);
  return match ? [match.groups.name, match.groups.shape.split(',').map(Number)]
    : `--input-shape must be NAME=N,N,… with whole numbers above 0, or -1 first for the batch, got ${JSON.stringify(text)}`;
}

module.exports = { EXAMPLES, PATH_NAMES, USAGE, duration, parseOptions, setUpNeeds };
