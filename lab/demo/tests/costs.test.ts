import { readFileSync } from 'fs';
import { join } from 'path';
import { readPrices } from '../../../cli/recommend/prices';
import { costsOf } from '../costs';

describe('costs of a path', () => {
  const prices = readPrices();

  test('a function costs nothing without requests, and is billed by whole milliseconds', () => {
    expect(costsOf('function', 0.2, prices).idleMonth).toBe(0);
    expect(costsOf('function', 0.2, prices)).toEqual(costsOf('function', 1, prices));
    // 0.20 for the requests, 1000 seconds of 1769 MB, and 1.25 GB of log.
    expect(costsOf('function', 1, prices).millionRequests).toBeCloseTo(0.2 + 1000 * (1769 / 1024) * 0.0000166667 + 1.25 * 0.5, 6);
  });

  test('a function with requests has six metrics, however many requests it gets', () => {
    expect(costsOf('function', 1, prices).busyMonth).toBeCloseTo(6 * 0.3, 6);
    expect(costsOf('fleet', 1, prices).busyMonth).toBe(0);
  });

  test('the guide has the figures that follow from the prices', () => {
    const [guide, operating] = ['choosing-a-path', 'operating'].map((page) => readFileSync(join(__dirname, '..', '..', '..', 'docs', `${page}.md`), 'utf8'));
    const [quick, slow, fleet, service] = [costsOf('function', 1, prices), costsOf('function', 100, prices), costsOf('fleet', 1, prices), costsOf('service', 1, prices)];
    const breakEven = ({ busyMonth, millionRequests }: typeof quick) => (fleet.idleMonth - busyMonth) / millionRequests;

    expect(guide).toContain(`| 0 USD | ${quick.busyMonth.toFixed(2)} USD for metrics | ${quick.millionRequests.toFixed(2)} USD |`);
    expect(guide).toContain(`| ${service.idleMonth.toFixed(0)} USD |`);
    expect(guide).toContain(`| ${fleet.idleMonth.toFixed(0)} USD |`);
    expect(guide).toContain(`until about ${breakEven(quick).toFixed(0)} million such requests a month`);
    expect(guide).toContain(`costs ${slow.millionRequests.toFixed(2)} USD a million`);
    expect(guide).toContain(`about ${breakEven(slow).toFixed(0)} million requests a month`);
    expect(operating).toContain(`at most ${(55 * prices.buildMinute).toFixed(2)} USD`);
  });

  test('machines cost the same with and without requests, a cluster comes on top', () => {
    expect(costsOf('fleet', 1, prices).idleMonth).toBeCloseTo(730 * (0.0225 + 2 * 0.1008), 6);
    expect(costsOf('service', 1, prices).idleMonth).toBeCloseTo(730 * (0.1 + 3 * 0.1008 * 1.12), 6);
    expect(costsOf('fleet', 2, prices).millionRequests).toBeCloseTo(2 * costsOf('fleet', 1, prices).millionRequests, 9);
  });
});
