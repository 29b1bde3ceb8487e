/** Memory that gives a function one full processor. Less gives a share of it; more gives other processors, which one answer does not use. */
export const ONE_PROCESSOR_MEBIBYTES = 1769;

/** Bytes that a request logs: the handler's line with its metrics, and Lambda's lines for start and report. */
export const LOG_BYTES = 700 + 550;

/** Latency, errors and load time, each for the function and for its version. */
export const FUNCTION_METRICS = 6;

/** Share of the processors' time for requests at most: what fleets and services scale to. The rest is for peaks. */
export const PLANNED_LOAD = 0.6;

/** A fleet's instances at least: one in each of two Availability Zones. */
export const LEAST_INSTANCES = 2;

/** A service's pods at least: one in each of three Availability Zones. */
export const LEAST_PODS = 3;
