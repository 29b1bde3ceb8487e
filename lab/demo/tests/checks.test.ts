import { readFileSync } from 'fs';
import { join } from 'path';
import { checkReused, showable } from '../checks';
import { DIGITS } from '../digits';
import { parseOptions } from '../options';
import type { DemoPath } from '../path';
import type { PathName } from '../path-name';
import { PATHS } from '../paths';
import { predictDigits } from '../predictions';

describe('checks of the demo', () => {
  const path = (name: PathName, missing?: string): DemoPath => ({ ...PATHS[name], unavailable: () => missing });

  test('paths that the machine cannot show are skipped and named; with strict, or if it is the only path, that is an error', () => {
    const asked = [path('function'), path('service', 'no cluster here'), path('fleet', 'no root')];
    const leftOut: string[] = [];
    expect(showable(asked, false, (reason) => leftOut.push(reason))).toEqual([asked[0]]);
    expect(leftOut).toEqual(['no cluster here', 'no root']);
    expect(() => showable(asked, true, () => undefined)).toThrow('no cluster here\nno root');
    expect(() => showable([asked[1]], false, () => undefined)).toThrow('no cluster here');
    expect(showable([asked[0]], true, () => undefined)).toEqual([asked[0]]);
    expect(parseOptions([])).toMatchObject({ strict: false });
    expect(parseOptions(['--path', 'all', '--strict'])).toMatchObject({ strict: true });
  });

  test('a model that gets its own digits wrong ends the demo with the numbers', async () => {
    const digits = JSON.parse(readFileSync(join(DIGITS, 'held_out.json'), 'utf8')) as { label: number }[];
    const scores = (label: number) => Array.from({ length: 10 }, (_, digit) => Number(digit === label % 10));
    const answering = (wrong: number) => ({
      request: () => Promise.resolve({
        status: 200,
        body: JSON.stringify({ predictions: digits.map(({ label }, index) => scores(label + Number(index < wrong))) }),
      }),
    });
    const allowed = Math.floor(digits.length / 10);
    await expect(predictDigits(answering(allowed), 'digits')).resolves.toMatchObject({ correct: digits.length - allowed });
    await expect(predictDigits(answering(allowed + 1), 'digits'))
      .rejects.toThrow(`at least 90 % of the held-out digits right, and got ${digits.length - allowed - 1} of ${digits.length}`);
  });

  test('a second deployment that builds again ends the demo', () => {
    expect(() => checkReused(1, 1)).not.toThrow();
    expect(() => checkReused(1, 2)).toThrow('must reuse the published model, and started 1 more builds');
  });
});
