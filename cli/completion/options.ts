import { parseArgs } from 'util';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export const USAGE = `Usage: cdk-tensorflow completion ${SHELLS.join('|')}

Prints a script that completes commands, their options and the names of files in a shell:

  bash   cdk-tensorflow completion bash > ~/.local/share/bash-completion/completions/cdk-tensorflow
  zsh    cdk-tensorflow completion zsh > "\${fpath[1]}/_cdk-tensorflow"
  fish   cdk-tensorflow completion fish > ~/.config/fish/completions/cdk-tensorflow.fish

  --help                  this text

The script is for the name cdk-tensorflow. Where the package is not installed globally, define the name too:
  alias cdk-tensorflow='npx cdk-tensorflow'
Exit code: 0 if it was printed, 2 if the shell is none of these.
`;

/** The options, as `parseArgs` and the completion of shells read them. */
export const OPTIONS = { help: { type: 'boolean', default: false } } as const;

/** Returns the shell, or undefined if the help is wanted. Throws if it is not one of those that are known. */
export function parseCompletionOptions(args: string[]): Shell | undefined {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: OPTIONS });
  if (values.help) {
    return undefined;
  }
  const shell = SHELLS.find((name) => name === positionals[0]);
  if (shell === undefined || positionals.length > 1) {
    throw new Error(`name one shell, ${SHELLS.join(', ')}; got ${positionals.length === 0 ? 'none' : positionals.map((word) => JSON.stringify(word)).join(', ')}`);
  }
  return shell;
}
