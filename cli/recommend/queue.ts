/**
 * A queue M/D/c: requests arrive at random (Poisson), each takes the same time, and c processors take them in the order of their arrival.
 *
 * The mean wait is Cosmetatos' formula ("Approximate explicit formulae for the average queueing time", INFOR 13, 1975), exact for one processor. The
 * tail is exponential: its decay is exact, and its mean is that mean wait (Abate, Choudhury and Whitt, "Exponential approximations for tail
 * probabilities in queues", Operations Research 43, 1995).
 */
export interface Queue {
  /** Requests a second. */
  readonly rate: number;
  /** Seconds that one request takes a processor. */
  readonly service: number;
  readonly processors: number;
}

/** Returns the share of time that a processor computes; a queue of 1 or more never ends. */
export function utilization({ rate, service, processors }: Queue): number {
  return rate * service / processors;
}

/** Returns the mean seconds that requests wait for a processor. */
export function meanWait(queue: Queue): number {
  const { service, processors } = queue;
  const load = utilization(queue);
  if (load >= 1) {
    return Infinity;
  }
  const exponential = chanceToWaitIfExponential(queue) * service / (processors * (1 - load));
  const correction = (1 - load) * (processors - 1) * (Math.sqrt(4 + 5 * processors) - 2) / (16 * load * processors);
  return exponential * (1 + correction) / 2;
}

/** Returns the seconds within which a share of the requests is answered: their time on the processor, and what they wait before it. */
export function answeredWithin(queue: Queue, share: number): number {
  if (utilization(queue) >= 1) {
    return Infinity;
  }
  const fall = decay(queue);
  const waiting = fall * meanWait(queue);
  return queue.service + (waiting <= 1 - share ? 0 : Math.log(waiting / (1 - share)) / fall);
}

/** Erlang's C formula: the chance to wait where service times are exponential (M/M/c). */
function chanceToWaitIfExponential(queue: Queue): number {
  const offered = queue.rate * queue.service;
  // Erlang B by its recursion, which has no large numbers, and C from it.
  let blocked = 1;
  for (let count = 1; count <= queue.processors; count++) {
    blocked = offered * blocked / (count + offered * blocked);
  }
  return blocked / (1 - utilization(queue) * (1 - blocked));
}

/**
 * Returns the rate, per second, at which the chance of a longer wait falls. Each processor gets every c-th request, so it is a queue of its own with
 * the sum of c exponential times between requests: the rate is the positive root of `c · ln(1 + x / rate) = x · service`.
 */
function decay({ rate, service, processors }: Queue): number {
  const difference = (x: number) => processors * Math.log1p(x / rate) - x * service;
  // It rises from 0 and falls for good: double until it has fallen, then halve the interval.
  let above = processors / service - rate;
  while (difference(above) > 0) {
    above *= 2;
  }
  let below = above / 2;
  while (difference(below) < 0) {
    below /= 2;
  }
  for (let step = 0; step < 60; step++) {
    const middle = (below + above) / 2;
    [below, above] = difference(middle) > 0 ? [middle, above] : [below, middle];
  }
  return (below + above) / 2;
}
