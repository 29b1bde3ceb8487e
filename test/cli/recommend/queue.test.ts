import type { Queue } from '../../../cli/recommend/queue';
import { answeredWithin, meanWait, utilization } from '../../../cli/recommend/queue';

/** Random numbers from 0 to 1 that are the same in every run: Park and Miller's generator. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = state * 16807 % 2147483647;
    return state / 2147483647;
  };
}

/** Seconds that each of many requests waits and is computed, when they are sent one after another as the queue says. */
function simulated({ rate, service, processors }: Queue, requests = 400_000): Float64Array {
  const random = randomNumbers(7);
  const free = new Float64Array(processors);
  const times = new Float64Array(requests);
  let arrival = 0;
  for (let request = 0; request < requests; request++) {
    arrival -= Math.log(random()) / rate;
    // Equal times end in the order in which they began, so processors take turns.
    const processor = request % processors;
    free[processor] = Math.max(arrival, free[processor]) + service;
    times[request] = free[processor] - arrival;
  }
  return times.sort();
}

const QUEUES: Queue[] = [
  { rate: 30, service: 0.01, processors: 1 },
  { rate: 50, service: 0.01, processors: 1 },
  { rate: 60, service: 0.01, processors: 1 },
  { rate: 85, service: 0.01, processors: 1 },
  { rate: 100, service: 0.01, processors: 2 },
  { rate: 120, service: 0.01, processors: 2 },
  { rate: 240, service: 0.01, processors: 4 },
  { rate: 480, service: 0.01, processors: 8 },
];

test.each(QUEUES)('of $rate requests a second on $processors processors, 99 of 100 are answered as fast as a simulation says, within 6 %', (queue) => {
  const times = simulated(queue);
  const estimate = answeredWithin(queue, 0.99);
  const exact = times[Math.floor(times.length * 0.99)];
  expect(Math.abs(estimate / exact - 1)).toBeLessThan(0.06);
});

test.each(QUEUES)('of $rate requests a second on $processors processors, the mean wait is that of a simulation, within 4 % of the time on a processor', (queue) => {
  const mean = simulated(queue).reduce((sum, time) => sum + time, 0) / 400_000 - queue.service;
  expect(Math.abs(meanWait(queue) - mean) / queue.service).toBeLessThan(0.04);
});

test('the mean wait of one processor is that of Pollaczek and Khinchine', () => {
  // ρ s / (2 (1 − ρ)) with ρ = 0.5.
  expect(meanWait({ rate: 50, service: 0.01, processors: 1 })).toBeCloseTo(0.005, 12);
});

test('a queue that is hardly used answers in the time on the processor', () => {
  expect(answeredWithin({ rate: 0.1, service: 0.01, processors: 1 }, 0.99)).toBe(0.01);
});

test('a queue with more work than processors never answers', () => {
  const queue = { rate: 200, service: 0.01, processors: 2 };
  expect([utilization(queue), answeredWithin(queue, 0.5), meanWait(queue)]).toEqual([1, Infinity, Infinity]);
});

test('requests take longer with a greater rate and shorter with more processors', () => {
  const p99 = (rate: number, processors: number) => answeredWithin({ rate, service: 0.01, processors }, 0.99);
  const rates = [10, 40, 70, 90, 99].map((rate) => p99(rate, 1));
  expect(rates).toEqual([...rates].sort((left, right) => left - right));
  expect(p99(90, 2)).toBeLessThan(p99(90, 1));
});
