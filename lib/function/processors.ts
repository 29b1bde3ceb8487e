import { Size, SizeRoundingBehavior } from 'aws-cdk-lib';

/** Memory that gives a function one full processor. More memory gives more processors, in proportion. */
export const ONE_PROCESSOR = Size.mebibytes(1769);

/** Number of processors of Lambda's largest function. */
export const MOST_PROCESSORS = 6;

export function mebibytesOf(memorySize: Size): number {
  return memorySize.isUnresolved() ? memorySize.toMebibytes() : memorySize.toMebibytes({ rounding: SizeRoundingBehavior.NONE });
}

/** One thread for each full processor: further threads would only wait. */
export function threadsFor(memorySize: Size): number {
  return memorySize.isUnresolved() ? 1 : Math.max(1, Math.floor(mebibytesOf(memorySize) / ONE_PROCESSOR.toMebibytes()));
}
