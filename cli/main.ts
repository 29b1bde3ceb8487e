import { deliveryCommand } from './delivery/command';
import { openCommand } from './open/command';
import { openApiCommand } from './openapi/command';
import { preflightCommand } from './preflight/command';
import { recommendCommand } from './recommend/command';

const COMMANDS: Record<string, (args: string[]) => Promise<number>> = {
  preflight: preflightCommand, delivery: deliveryCommand, recommend: recommendCommand, open: openCommand, openapi: openApiCommand,
};

const USAGE = `Usage: cdk-tensorflow <command> [options]

  preflight   ask an AWS account what would stand in the way of a deployment
  delivery    see what a ModelDelivery serves, deliver an upload again, or go back
  recommend   say which path is the cheapest for a model that was optimized
  open        send requests to an endpoint from a page in your browser, also behind IAM
  openapi     print what a published model's servers answer, as OpenAPI 3.1

\`cdk-tensorflow <command> --help\` prints the options of a command.
`;

// docs/languages.md says which versions of Node.js are supported.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === 'help') {
    process.stdout.write(USAGE);
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`there is no command ${JSON.stringify(name)}, but ${Object.keys(COMMANDS).join(', ')}; those of the optimizer (optimize, inspect, verify `
      + 'and others) belong to `python -m tensorflow_optimizer`: docs/optimizing.md\n');
    return 2;
  }
  try {
    return await command(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\`cdk-tensorflow ${name} --help\` prints the options\n`);
    return 2;
  }
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
