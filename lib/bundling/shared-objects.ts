import { basename, join } from 'path';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { failIfAny, lit } from '../private/errors';
import { listFiles } from './bundle-files';
import { type BundlePlan, machineOf } from './bundle-plan';
import { ELF_MACHINES, type NeededVersion, readElf } from './elf-file';

/**
 * The newest versions in Amazon Linux 2023: glibc 2.34 for its whole life, and the C++ and compiler libraries of GCC 14.2
 * (libstdc++-14.2.1, libgcc-14.2.1) since release 2023.7.20250331, although its compiler is still GCC 11. Earlier releases have the libraries
 * of GCC 11, up to GLIBCXX_3.4.29; so do functions pinned to a runtime version from before April 2025.
 *
 * LiteRT's arm64 wheel needs GLIBC_2.34 and GLIBCXX_3.4.30, so layers need no libstdc++ of their own.
 *
 * @see https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html glibc
 * @see https://github.com/docker-library/official-images/pull/18759 the packages of 2023.7.20250331
 * @see https://github.com/amazonlinux/container-images/issues/132 the same, from Lambda's side
 * @see https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html GCC 14.1.0 is GLIBCXX_3.4.33 and CXXABI_1.3.15
 */
const NEWEST: Record<string, string> = { GLIBC: '2.34', GLIBCXX: '3.4.33', CXXABI: '1.3.15', GCC: '14.0.0' };

/** Maximum glibc of the programs built here: they run on Amazon Linux 2023 and on images and hosts that users choose. */
const PROGRAM_GLIBC = '2.28';

/** Returns the reasons why a program does not run on a processor with glibc 2.28 and without a C++ library. */
export function programProblems(path: string, architecture: lambda.Architecture): string[] {
  const elf = readElf(path);
  const wanted = machineOf(architecture);
  if (elf === undefined || elf.machine !== ELF_MACHINES[wanted]) {
    return [`${path} is no program for ${wanted}`];
  }
  return [
    ...elf.libraries.filter((library) => /^libstdc\+\+|^libgcc_s/.test(library)).map((library) => `${path} needs ${library}, which not every system has`),
    ...elf.needed.filter(({ version }) => isNewerThan(version, PROGRAM_GLIBC)).map(({ version }) => `${path} needs ${version}, newer than GLIBC_${PROGRAM_GLIBC}`),
  ];
}

function isNewerThan(version: string, newest: string): boolean {
  const [name, numbers] = parse(version);
  return name === 'GLIBC' && compare(numbers, parse(`_${newest}`)[1]) > 0;
}

/**
 * Rejects shared objects that Lambda's dynamic linker would reject: for another processor, or for newer system libraries.
 *
 * A wheel's tag is not enough: LiteRT's arm64 wheels claim glibc 2.27 and need 2.34.
 *
 * @param root directory of a bundle
 */
export function checkSharedObjects(root: string, plan: BundlePlan): void {
  const files = listFiles(root).filter((file) => /\.so(\.\d+)*$/.test(file));
  const brought = new Set(files.map((file) => basename(file)));
  failIfAny(lit`SharedObjectCannotLoad`, files.flatMap((file) => {
    const elf = readElf(join(root, file));
    const wanted = machineOf(plan.architecture);
    if (elf === undefined || elf.machine !== ELF_MACHINES[wanted]) {
      return [`${file} is no shared object for ${wanted}, which the function runs on: choose a package with a wheel for it, or another architecture`];
    }
    return elf.needed.filter((needed) => !brought.has(needed.library) && isTooNew(needed)).map(({ library, version }) =>
      `${file} needs ${version} of ${library}, and Amazon Linux 2023, which the function runs on, has ${newestOf(version)} at most: `
      + `choose a version of the package that was built for an older system, or put a newer ${library} into the same layer`);
  }));
}

function isTooNew({ version }: NeededVersion): boolean {
  const [name, numbers] = parse(version);
  const newest = NEWEST[name];
  return newest !== undefined && compare(numbers, parse(`_${newest}`)[1]) > 0;
}

function newestOf(version: string): string {
  const [name] = parse(version);
  return `${name}_${NEWEST[name]}`;
}

function parse(version: string): [string, number[]] {
  const [, name, numbers] = /^([A-Za-z]*)_([\d.]+)$/.exec(version) ?? ['', '', '0'];
  return [name, numbers.split('.').map(Number)];
}

function compare(left: number[], right: number[]): number {
  const length = Math.max(left.length, right.length);
  return Array.from({ length }, (_, index) => (left[index] ?? 0) - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
