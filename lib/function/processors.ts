import { Size, SizeRoundingBehavior } from 'aws-cdk-lib';

/** Memory that gives a function one whole processor. More gives more of them, in proportion. */
export const ONE_PROCESSOR = Size.mebibytes(1769);

/** What Lambda's largest function has. */
export const MOST_PROCESSORS = 6;

/** The memory in the unit that Lambda counts in. */
export function mebibytesOf(memorySize: Size): number {
  return memorySize.isUnresolved() ? memorySize.toMebibytes() : memorySize.toMebibytes({ rounding: SizeRoundingBehavior.NONE });
}

/** A thread for each whole processor that memory buys: one more than there are processors waits for the others. */
export function threadsFor(memorySize: Size): number {
  return memorySize.isUnresolved() ? 1 : Math.max(1, Math.floor(memorySize.toKibibytes() / ONE_PROCESSOR.toKibibytes()));
}
