import { version } from '../package.json';
import OPTIMIZER from './optimizer/commands.json';
import type { DeploymentCommand } from './summaries';
import { SUMMARIES } from './summaries';

type Command = (args: string[]) => Promise<number>;

/** Loads a command when it runs, because the help must not take longer than reading it. */
const COMMANDS: Record<DeploymentCommand, () => Promise<Command>> = {
  preflight: async () => (await import('./preflight/command.js')).preflightCommand,
  delivery: async () => (await import('./delivery/command.js')).deliveryCommand,
  recommend: async () => (await import('./recommend/command.js')).recommendCommand,
  open: async () => (await import('./open/command.js')).openCommand,
  openapi: async () => (await import('./openapi/command.js')).openApiCommand,
  completion: async () => (await import('./completion/command.js')).completionCommand,
};

const isOptimizers = (name: string): name is keyof typeof OPTIMIZER => Object.hasOwn(OPTIMIZER, name);

const isDeploymentCommand = (name: string): name is DeploymentCommand => Object.hasOwn(SUMMARIES, name);

const lines = (commands: [string, string][]) => commands.map(([name, summary]) => `  ${name.padEnd(15)}${summary}\n`).join('');

const usage = () => `Usage: cdk-tensorflow <command> [options]

On a model, on this machine:
${lines(Object.entries(OPTIMIZER).map(([name, { summary }]) => [name, summary]))}
On a deployment, and of this program:
${lines(Object.entries(SUMMARIES))}
\`cdk-tensorflow <command> --help\` prints the options of a command, \`cdk-tensorflow --version\` the version.
The commands on a model run the package's optimizer, and install its Python packages into a cache the first time.
`;

// docs/languages.md says which versions of Node.js are supported.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || ['--help', '-h', 'help'].includes(name)) {
    process.stdout.write(usage());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  try {
    if (name === 'predict') {
      const { predictCommand } = await import('./predict/command.js');
      return await predictCommand(args);
    }
    if (isOptimizers(name)) {
      const { optimizerCommand } = await import('./optimizer/command.js');
      return await optimizerCommand(name, args);
    }
    if (isDeploymentCommand(name)) {
      const command = await COMMANDS[name]();
      // The others have no option of one letter.
      return await command(args.map((argument) => (argument === '-h' ? '--help' : argument)));
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\`cdk-tensorflow ${name} --help\` prints the options\n`);
    return 2;
  }
  process.stderr.write(`there is no command ${JSON.stringify(name)}, but ${[...Object.keys(OPTIMIZER), ...Object.keys(COMMANDS)].join(', ')}\n`);
  return 2;
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
