import { spawn } from 'child_process';
import { join } from 'path';
import { createInterface } from 'readline';

const ROOT = join(__dirname, '..', '..');

/** Results of random schedules of a definition; `schedules/main.py` writes it. */
export interface Tried {
  readonly tried: number;
  readonly executions: number;
  /** Schedules in which executions ran at the same time, were stopped, were rolled back, and in which versions were pruned. */
  readonly overlapped: number;
  readonly crashed: number;
  readonly rolledBack: number;
  readonly pruned: number;
  readonly violation: null | { readonly name: string; readonly what: string };
}

/** Tries random schedules of each definition. */
export async function trySchedules(
  definitions: object[], { count, seed = 1, shrinks = true }: { count: number; seed?: number; shrinks?: boolean },
): Promise<Tried[]> {
  const python = spawn(join(ROOT, '.tools', 'python', 'bin', 'python'), [join(__dirname, 'schedules', 'main.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  python.stdin.end(definitions.map((definition) => `${JSON.stringify({ definition, count, seed, shrinks })}\n`).join(''));
  const tried: Tried[] = [];
  for await (const line of createInterface({ input: python.stdout })) {
    tried.push(JSON.parse(line));
  }
  expect(tried).toHaveLength(definitions.length);
  return tried;
}
