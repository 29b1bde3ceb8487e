import type { Measured } from './measured';

// The rules by which a deployment sizes functions and pods: runtime/build_runner/src/model_builds/checks/memory.py.
const FUNCTION_MARGIN = 1.15;
const POD_MARGIN = 1.25;
const STEP = 64;
const LITERT_SERVER_MEBIBYTES = 64;
const SERVER_MEBIBYTES = 512;
const LOADED_COPIES = 2;
const MEBIBYTE = 2 ** 20;

/** Returns the least memory of a function in MiB, for Lambda's own needs too. */
export function functionMemory(measured: Measured): number {
  const { peakMemoryMebibytes } = measured;
  return stepped(peakMemoryMebibytes === undefined ? estimated(measured, 1) : peakMemoryMebibytes * FUNCTION_MARGIN);
}

/** Returns the memory in MiB of a server that computes on so many processors. The LiteRT server has a copy of the model for each. */
export function serverMemory(measured: Measured, processors: number): number {
  const copies = measured.format === 'litert' ? processors : 1;
  return stepped(measured.peakMemoryMebibytes === undefined ? estimated(measured, copies) : measured.peakMemoryMebibytes * copies * POD_MARGIN);
}

function estimated({ format, sizeBytes }: Measured, copies: number): number {
  return (format === 'litert' ? LITERT_SERVER_MEBIBYTES : SERVER_MEBIBYTES) + LOADED_COPIES * copies * sizeBytes / MEBIBYTE;
}

function stepped(mebibytes: number): number {
  return Math.ceil(mebibytes / STEP) * STEP;
}
