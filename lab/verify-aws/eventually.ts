import { setTimeout as sleep } from 'timers/promises';

const PAUSE_MILLISECONDS = 5000;

/** Asks until there is an answer. Throws if there is none in time. */
export async function eventually<T>(seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + seconds * 1000; ;) {
    const answer = await ask();
    if (answer !== undefined) {
      return answer;
    }
    if (Date.now() > deadline) {
      throw new Error(`there was no answer within ${seconds} s`);
    }
    await sleep(PAUSE_MILLISECONDS);
  }
}
