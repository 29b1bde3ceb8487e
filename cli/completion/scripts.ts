import type { Shell } from './options';

/** Parts of one command that a shell completes. */
export interface Completed {
  /** A sentence, for shells that show one. */
  readonly summary: string;
  /** Options by their names without dashes, as `parseArgs` takes them. */
  readonly options: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;
  /** Words that may follow the command in the place of a file. */
  readonly words?: readonly string[];
}

type Commands = readonly (readonly [name: string, completed: Completed])[];

const PROGRAM = 'cdk-tensorflow';
const FUNCTION = '_cdk_tensorflow';

const dashed = ({ options }: Completed) => Object.keys(options).map((name) => `--${name}`);

/** Quotes a text for a POSIX shell. */
const quoted = (text: string) => `'${text.replaceAll('\'', '\'\\\'\'')}'`;

/** Fish knows backslashes within single quotes. */
const quotedForFish = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll('\'', '\\\'')}'`;

const cases = (commands: Commands, line: (completed: Completed) => string) => commands.map(([name, completed]) => `    ${name}) ${line(completed)} ;;\n`).join('');

const bash = (commands: Commands) => `# Completes ${PROGRAM} in bash.
${FUNCTION}() {
  local current=\${COMP_WORDS[COMP_CWORD]} options='' words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted([...commands.map(([name]) => name), '--help', '--version'].join(' '))} -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases(commands, (completed) => `options=${quoted(dashed(completed).join(' '))}; words=${quoted((completed.words ?? []).join(' '))}`)}  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [ -n "$words" ] && [ "$COMP_CWORD" -eq 2 ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    compopt -o filenames 2>/dev/null
    local IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F ${FUNCTION} ${PROGRAM}
`;

const zsh = (commands: Commands) => `#compdef ${PROGRAM}
# Completes ${PROGRAM} in zsh.
${FUNCTION}() {
  local -a commands options further
  if (( CURRENT == 2 )); then
    commands=(
${commands.map(([name, { summary }]) => `      ${quoted(`${name}:${summary}`)}\n`).join('')}    )
    _describe command commands
    return
  fi
  case $words[2] in
${cases(commands, (completed) => `options=(${dashed(completed).join(' ')}); further=(${(completed.words ?? []).join(' ')})`)}  esac
  if [[ $PREFIX == -* ]]; then
    compadd -- $options
  elif (( CURRENT == 3 && $#further )); then
    compadd -- $further
  else
    _files
  fi
}
compdef ${FUNCTION} ${PROGRAM}
`;

const fish = (commands: Commands) => [
  `# Completes ${PROGRAM} in fish.`,
  ...commands.map(([name, { summary }]) => `complete -c ${PROGRAM} -n __fish_use_subcommand -f -a ${name} -d ${quotedForFish(summary)}`),
  ...commands.flatMap(([name, { options, words = [] }]) => [
    ...Object.entries(options).map(([option, { type }]) => `complete -c ${PROGRAM} -n '__fish_seen_subcommand_from ${name}' -l ${option}${type === 'string' ? ' -r' : ''}`),
    ...words.length > 0 ? [`complete -c ${PROGRAM} -n '__fish_seen_subcommand_from ${name}' -f -a ${quotedForFish(words.join(' '))}`] : [],
  ]),
  '',
].join('\n');

const SCRIPTS: Record<Shell, (commands: Commands) => string> = { bash, zsh, fish };

/** Returns the script that completes commands in a shell. */
export function completionScript(shell: Shell, commands: Readonly<Record<string, Completed>>): string {
  return SCRIPTS[shell](Object.entries(commands));
}
