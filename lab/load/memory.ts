import { readdirSync, readFileSync } from 'fs';
import { basename } from 'path';

/** A process of this machine. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** File name of its program, as its command line has it. */
  readonly program: string;
  /** Resident memory, in kibibytes. */
  readonly kibibytes: number;
}

/** Kibibytes by process. */
export type Memory = ReadonlyMap<number, number>;

/** The most that a process may be larger after the last request than after a quarter of them. */
export const MAX_GROWTH = 0.1;
/** The native runtime: as a function, and as a server in pods and on instances. */
const SERVING = ['bootstrap', 'model_server'];

/** Returns the memory of the processes that serve a model, below another process. */
export function servingMemory(all: readonly Process[], ancestor: number): Memory {
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const isBelow = (pid: number | undefined): boolean => pid !== undefined && (pid === ancestor || isBelow(parents.get(pid)));
  return new Map(all.filter(({ pid, program }) => SERVING.includes(program) && isBelow(pid)).map(({ pid, kibibytes }) => [pid, kibibytes]));
}

/** Resident memory of the processes that serve a version, after a quarter of its requests and after the last. */
export interface MemoryUse {
  readonly processes: number;
  readonly first: number;
  readonly last: number;
}

/**
 * Compares the processes that lived from the first look to the last.
 *
 * @param earlier processes that served another version before; they count no more
 */
export function memoryUse(first: Memory, last: Memory, earlier: Memory): MemoryUse {
  const stayed = [...first.keys()].filter((pid) => last.has(pid) && !earlier.has(pid));
  const sum = (memory: Memory) => stayed.reduce((total, pid) => total + memory.get(pid)!, 0);
  return { processes: stayed.length, first: sum(first), last: sum(last) };
}

/** Returns what is wrong with the memory of a version's processes. */
export function memoryProblem({ processes, first, last }: MemoryUse): string | undefined {
  if (processes === 0) {
    return 'no serving process lived from the first quarter of the requests to the last: they restart, or have another name than '
      + SERVING.join(' and ');
  }
  return last <= first * (1 + MAX_GROWTH) ? undefined
    : `the serving processes grew from ${mebibytes(first)} to ${mebibytes(last)} MiB, allowed are ${MAX_GROWTH * 100} %`;
}

export function mebibytes(kibibytes: number): string {
  return (kibibytes / 1024).toFixed(1);
}

/** Reads Linux's list of processes. */
export function processes(): Process[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      return parseProcess(Number(name), readFileSync(`/proc/${name}/status`, 'utf8'), readFileSync(`/proc/${name}/cmdline`, 'utf8'));
    } catch {
      return []; // the process has ended
    }
  });
}

/**
 * Reads what Linux says about a process.
 *
 * @param status content of its file `status`
 * @param commandLine content of its file `cmdline`
 * @returns nothing for a process without memory of its own
 */
function parseProcess(pid: number, status: string, commandLine: string): Process[] {
  const parent = /^PPid:\s+(\d+)$/m.exec(status)?.[1];
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return parent === undefined || kibibytes === undefined ? []
    : [{ pid, parent: Number(parent), program: basename(commandLine.split('\0')[0]), kibibytes: Number(kibibytes) }];
}
