import { LEAST_INSTANCES, LEAST_PODS, PLANNED_LOAD } from './defaults';
import { serverMemory } from './memory';
import type { Offer, Question, Refusal } from './offer';
import { p99Ratio, serverSeconds } from './offer';
import type { Instance } from './prices';
import { HOURS_PER_MONTH } from './prices';
import { answeredWithin, meanWait, utilization } from './queue';

/** Instances or pods at most. */
const MOST = 1000;
/** Memory that the system of an instance or node takes, and its processors on a node. */
const SYSTEM_MEBIBYTES = 1024;
const NODE_PROCESSORS = 0.1;
const POD_PROCESSORS = [1, 2, 4];

interface Sized {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly processors: number;
  readonly utilization: number;
  readonly processorMilliseconds: number;
  readonly concurrency: number;
}

/** Returns the cheapest fleet that answers in time. */
export function fleetOffer(question: Question): Offer | Refusal {
  const { measured, prices } = question;
  const offers = instancesOf(question).flatMap(([type, instance]) => {
    const memory = serverMemory(measured, instance.processors);
    const sized = memory + SYSTEM_MEBIBYTES <= instance.memoryGibibytes * 1024 ? fewest(question, instance.processors, LEAST_INSTANCES) : undefined;
    return sized === undefined ? [] : [{
      path: 'fleet' as const,
      takes: `${sized.count} ${type} behind a network load balancer`,
      memoryMebibytes: memory,
      instanceType: type,
      ...sized,
      month: HOURS_PER_MONTH * (sized.count * instance.hour + prices.networkLoadBalancerHour),
      properties: [
        "new ModelFleet(this, 'Model', {", '  vpc,', '  model,', ...server(measured.format), `  instanceType: new ec2.InstanceType('${type}'),`,
        ...sized.count === LEAST_INSTANCES ? [] : [`  minCapacity: ${sized.count},`], '});',
      ].join('\n'),
    }];
  });
  return cheapest('fleet', offers, question);
}

/** Returns the cheapest service, on a cluster of EKS Auto Mode that has nothing else. */
export function serviceOffer(question: Question): Offer | Refusal {
  const { measured, prices } = question;
  const offers = instancesOf(question).flatMap(([type, instance]) => POD_PROCESSORS.flatMap((processors) => {
    const memory = serverMemory(measured, processors);
    const perNode = Math.min(
      Math.floor((instance.processors - NODE_PROCESSORS) / processors), Math.floor((instance.memoryGibibytes * 1024 - SYSTEM_MEBIBYTES) / memory),
    );
    const sized = perNode > 0 ? fewest(question, processors, LEAST_PODS) : undefined;
    if (sized === undefined) {
      return [];
    }
    const nodes = Math.max(LEAST_PODS, Math.ceil(sized.count / perNode));
    const nodeMonth = HOURS_PER_MONTH * instance.hour * (1 + prices.eksAutoModeShare);
    return [{
      path: 'service' as const,
      takes: `${sized.count} pods of ${processors} processor${processors === 1 ? '' : 's'} on ${nodes} ${type} nodes, and a cluster`,
      memoryMebibytes: memory,
      instanceType: type,
      nodes,
      ...sized,
      month: nodes * nodeMonth + HOURS_PER_MONTH * prices.eksClusterHour,
      monthOnOwnCluster: sized.count * processors / instance.processors * nodeMonth,
      properties: [
        "new ModelService(this, 'Model', {", '  cluster,', '  model,', ...server(measured.format), ...processors === 1 ? [] : [`  cpuRequest: ${processors},`],
        ...sized.count === LEAST_PODS ? [] : [`  replicas: ${sized.count},`], `  memoryRequest: Size.mebibytes(${memory}),`, '});',
      ].join('\n'),
    }];
  }));
  return cheapest('service', offers, question);
}

/** The instance types of the model's processor, unless the path cannot serve it at all. */
function instancesOf({ measured, prices }: Question): [string, Instance][] {
  const serves = measured.nativeRefusal === undefined && (measured.format === 'litert' || measured.architecture === 'x86_64');
  return serves ? Object.entries(prices.instances).filter(([, { architecture }]) => architecture === measured.architecture) : [];
}

/** Returns the smallest number of servers, each with a queue of its own and an equal share of the requests. */
function fewest(question: Question, processors: number, least: number): Sized | undefined {
  const service = serverSeconds(question);
  const longest = service * p99Ratio(question.measured);
  if (1000 * longest > question.wanted.p99) {
    return undefined;
  }
  for (let count = least; count <= MOST; count++) {
    const queue = { rate: question.wanted.rate / count, service, processors };
    // Rather too much: the slowest requests are seldom those that wait longest.
    const p99 = 1000 * (answeredWithin(queue, 0.99) + longest - service);
    if (utilization(queue) <= PLANNED_LOAD && p99 <= question.wanted.p99) {
      return {
        count, processors, p50: 1000 * answeredWithin(queue, 0.5), p99, utilization: utilization(queue),
        processorMilliseconds: 1000 * service, concurrency: queue.rate * (service + meanWait(queue)),
      };
    }
  }
  return undefined;
}

function cheapest(path: Offer['path'], offers: readonly Offer[], question: Question): Offer | Refusal {
  const [best] = [...offers].sort((left, right) => left.month - right.month || left.p99 - right.p99);
  return best ?? { path, reason: reasonAgainst(question) };
}

function reasonAgainst(question: Question): string {
  const { measured, wanted, prices } = question;
  if (measured.nativeRefusal !== undefined) {
    return `the LiteRT server cannot serve it (${measured.nativeRefusal}); optimize it as a SavedModel for TensorFlow Serving`;
  }
  if (instancesOf(question).length === 0) {
    return measured.format === 'saved_model' ? `TensorFlow Serving runs on x86_64, and the artifact is for ${measured.architecture}`
      : `the prices of ${prices.asOf} have no instance type of ${measured.architecture}: give some by --prices`;
  }
  const milliseconds = 1000 * serverSeconds(question) * p99Ratio(measured);
  return milliseconds > wanted.p99 ? `99 of 100 answers take up to ${milliseconds.toPrecision(3)} ms, and at most ${wanted.p99} ms are wanted`
    : `no instance type has the memory, or ${MOST} servers are too few: give larger types by --prices`;
}

function server(format: string): string[] {
  return format === 'litert' ? ['  server: ModelServer.LITERT,'] : [];
}
