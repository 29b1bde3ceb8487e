import { spawn } from 'child_process';
import { constants } from 'os';

/** Signals that end a command: its program gets them too, and says when it is over. */
const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Runs a program in this one's place, and returns its exit code: 128 and the signal's number if one ended it. Throws if it cannot be started. */
export function become(program: string, args: string[], environment: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env: environment });
    const pass = (signal: NodeJS.Signals) => {
      // Ctrl+C reaches all programs of a terminal; a second one would interrupt how the program ends.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) {
        child.kill(signal);
      }
    };
    SIGNALS.forEach((signal) => process.on(signal, pass));
    const done = () => SIGNALS.forEach((signal) => process.off(signal, pass));
    child.on('error', (error) => {
      done();
      reject(new Error(`${program} cannot be started (${error.message})`));
    });
    child.on('close', (code, signal) => {
      done();
      resolve(code ?? 128 + constants.signals[signal!]);
    });
  });
}

/** Runs a program whose output is for people, on standard error. Throws with `failed` unless it ends with 0. */
export function show(program: string, args: string[], environment: NodeJS.ProcessEnv, failed: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 2, 2], env: environment });
    child.on('error', (error) => reject(new Error(`${failed} (${error.message})`)));
    child.on('close', (code, signal) => (code === 0 ? resolve() : reject(new Error(`${failed} (\`${[program, ...args].join(' ')}\` ended with ${signal ?? code})`))));
  });
}
