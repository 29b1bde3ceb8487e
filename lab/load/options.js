// Plain JavaScript without packages, so that a typo is reported before the set-up has installed anything.
const { parseArgs } = require('util');

const PATH_NAMES = ['function', 'service', 'fleet'];
const LEAST_REQUESTS = 96;

const USAGE = `Usage: npm run test:load -- [options]

Sends requests of 1, 8 and 64 digits from four clients to each path of the embedded AWS, with an update to another model in the middle.

  --requests N   requests for each path, half before and half after the update; those during the update come in addition; 10000 when absent
  --path PATH    ${[...PATH_NAMES, 'all'].join(', ')}; all when absent (repeatable)
  --help         this text
`;

function parseOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      requests: { type: 'string', default: '10000' },
      path: { type: 'string', multiple: true, default: ['all'] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    return 'help';
  }
  const unknown = values.path.filter((path) => ![...PATH_NAMES, 'all'].includes(path));
  const problems = [
    ...unknown.map((path) => `--path must be one of ${[...PATH_NAMES, 'all'].join(', ')}, got ${JSON.stringify(path)}`),
    ...(/^\d+$/.test(values.requests) && Number(values.requests) >= LEAST_REQUESTS ? []
      : [`--requests must be a whole number of at least ${LEAST_REQUESTS}, got ${JSON.stringify(values.requests)}`]),
  ];
  if (problems.length > 0) {
    throw new Error(problems.join('\n'));
  }
  return { requests: Number(values.requests), paths: values.path.includes('all') ? [...PATH_NAMES] : [...new Set(values.path)] };
}

const setUpNeeds = () => ({ namespaces: true });

module.exports = { LEAST_REQUESTS, USAGE, parseOptions, setUpNeeds };
