// `npm run native -- build`: runs one of the programs that commands.json lists under a script's name, with the words after its own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './environment.mjs';

const [script, name, ...rest] = process.argv.slice(2);
const programs = JSON.parse(readFileSync(join(root, 'scripts', 'setup', 'commands.json'), 'utf8'))[script];
// A script with a program under an empty name needs no word: `npm run lint`.
const [chosen, args] = programs[name] ? [programs[name], rest] : [programs[''], process.argv.slice(3)];
if (!chosen) {
  process.stderr.write(`npm run ${script} -- ${Object.keys(programs).join(' | ')}\n`);
  process.exit(2);
}
const [program, ...given] = chosen.split(' ');
process.argv = [process.argv[0], join(root, program), ...given, ...args];
await import(pathToFileURL(process.argv[1]).href);
