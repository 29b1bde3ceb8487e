import { spawnSync } from 'child_process';
import { existsSync } from 'fs';
import { delimiter, join, resolve } from 'path';
import COMMANDS from './commands.json';
import { conversionOf } from './conversion';
import type { Conversion } from './conversion';
import { lockedInterpreter, OPTIMIZER } from './environment';
import { VERSIONS } from './interpreters';
import { takeOptions } from './own-options';
import { become } from './processes';

/** The package's directory: two above this module, and above the bundle. */
const PACKAGE = resolve(__dirname, '..', '..');
/** Modules of an interpreter that has the optimizer's packages. */
const MODULES = ['tensorflow', 'keras', 'ai_edge_litert', 'litert_quantizer', 'typer', 'pydantic', 'boto3', 'matplotlib', 'jinja2', 'orjson', 'pyarrow', 'psutil', 'cryptography'];

const PYTHON_HELP = `--python PATH runs it in a Python interpreter of yours that has the optimizer's packages. Otherwise they are installed
into a cache, about ${OPTIMIZER.size}, the first time.
`;

/** A command of the optimizer, whose grammar is its own: all options but --python are for it. */
export type OptimizerCommand = keyof typeof COMMANDS;

/**
 * Runs a command of the packaged optimizer and returns its exit code. Throws if the optimizer cannot be started.
 *
 * @param more variables of the optimizer's process, beside the caller's
 */
export async function optimizerCommand(name: OptimizerCommand, args: string[], more: NodeJS.ProcessEnv = {}): Promise<number> {
  const { python, rest } = takePython(args);
  if (rest.some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(`${COMMANDS[name].help}\n${PYTHON_HELP}`);
    return 0;
  }
  const optimizer = join(PACKAGE, 'optimizer');
  if (!existsSync(join(optimizer, 'requirements.txt'))) {
    throw new Error(`${optimizer} is missing: this program starts the optimizer of its own npm package, so run it from there (npx cdk-tensorflow)`);
  }
  const conversion = name === 'convert' ? conversionOf(rest) : undefined;
  const code = ['optimizer', 'runtime/shared'].map((room) => join(PACKAGE, room, 'src'));
  if (python !== undefined) {
    const needed = conversion ?? { versions: VERSIONS, modules: MODULES, install: `--require-hashes -r ${join(optimizer, 'requirements.txt')}` };
    checkInterpreter(python, needed);
    const path = [...code, ...process.env.PYTHONPATH ? [process.env.PYTHONPATH] : []];
    return become(python, ['-m', 'tensorflow_optimizer', name, ...rest], { ...variables(), ...more, PYTHONPATH: path.join(delimiter) });
  }
  return become(await lockedInterpreter(optimizer, conversion?.environment), ['-m', 'tensorflow_optimizer', name, ...rest], { ...variables(), ...more, PYTHONPATH: code.join(delimiter), PYTHONHOME: undefined });
}

/** The caller's variables; without the working directory among the places of Python's modules, which may hold anything. */
const variables = () => ({ ...process.env, PYTHONSAFEPATH: '1' });

/** Takes --python out of the arguments, the last one if there are several. Throws if it has no value. */
export function takePython(args: string[]): { python?: string; rest: string[] } {
  const { values: { python }, rest } = takeOptions(args, ['python']);
  if (python === '') {
    throw new Error('--python must be the path of a Python interpreter that has the optimizer\'s packages, got none');
  }
  return { python, rest };
}

/** Throws unless an interpreter is of a supported version and has the modules that are needed. */
function checkInterpreter(python: string, { versions, modules, install }: Pick<Conversion, 'versions' | 'modules' | 'install'>): void {
  const program = `import sys
from importlib.util import find_spec
print("%d.%d" % sys.version_info[:2], *(name for name in sys.argv[1:] if find_spec(name) is None))`;
  const { status, stdout, stderr, error } = spawnSync(python, ['-c', program, ...modules], { encoding: 'utf8', env: variables() });
  if (status !== 0) {
    throw new Error(`--python ${python} is no Python interpreter that can be run (${error?.message ?? stderr.trim().split('\n').at(-1)}): give the path of one, or leave the option out`);
  }
  const [version, ...missing] = stdout.trim().split(' ');
  const problems = [
    ...versions.includes(version) ? [] : [`it is Python ${version}, and the optimizer needs ${versions.join(', ')}`],
    ...missing.length > 0 ? [`it lacks ${missing.join(', ')}: run \`${python} -m pip install ${install}\``] : [],
  ];
  if (problems.length > 0) {
    throw new Error(`--python ${python} cannot run the optimizer: ${problems.join('; ')}; or leave the option out, and the packages are installed into a cache`);
  }
}
