import { type BundlePlan, machineOf } from './bundle-plan';
import type { Installer } from './host-tools';

/** Amazon Linux 2023 has glibc 2.34; the packages in use need 2.28 at most. */
const NEWEST_GLIBC_MINOR = 28;
const OLDEST_GLIBC_MINOR = 17;

/** Returns the command that installs a requirements file for the function's platform, on any host. */
export function installCommand(installer: Installer, plan: BundlePlan, requirements: string, target: string, python?: string): string[] {
  const machine = machineOf(plan.architecture);
  const pinned = plan.pinned ? ['--require-hashes', '--no-deps'] : [];
  if (installer.kind === 'uv') {
    return [
      ...installer.command, 'pip', 'install', '--quiet', '--target', target,
      ...(python ? ['--python', python] : []),
      '--python-platform', `${machine}-manylinux_2_${NEWEST_GLIBC_MINOR}`,
      '--python-version', plan.pythonVersion,
      '--only-binary', ':all:',
      // With a hard link, changing the mode of a file would change uv's cache.
      '--link-mode', 'copy',
      '--no-compile-bytecode',
      ...pinned,
      '--requirements', requirements,
    ];
  }
  const tag = plan.pythonVersion.replace('.', '');
  return [
    ...installer.command, 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--target', target,
    // pip does not know that a newer glibc runs wheels for an older one, so name them all.
    ...glibcMinors().flatMap((minor) => ['--platform', `manylinux_2_${minor}_${machine}`]),
    '--platform', `manylinux2014_${machine}`,
    '--implementation', 'cp',
    '--python-version', plan.pythonVersion,
    '--abi', `cp${tag}`, '--abi', 'abi3', '--abi', 'none',
    '--only-binary', ':all:',
    '--no-compile',
    ...pinned,
    // pip compares with the Python it runs on. The tags above define what the function can run.
    ...(plan.pinned ? ['--ignore-requires-python'] : []),
    '--requirement', requirements,
  ];
}

/** pip refuses these two settings of a developer's host next to `--target`, where they have no meaning. */
export function installEnvironment(installer: Installer): NodeJS.ProcessEnv {
  return installer.kind === 'pip' ? { ...process.env, PIP_REQUIRE_VIRTUALENV: '0', PIP_USER: '0' } : process.env;
}

/** The same for pip in a container of the function's platform, as environment variables, because the command is the alpha package's. */
export function containerPipEnvironment(plan: BundlePlan): Record<string, string> {
  return {
    PIP_ONLY_BINARY: ':all:',
    PIP_NO_COMPILE: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    ...(plan.pinned ? { PIP_REQUIRE_HASHES: '1', PIP_NO_DEPS: '1' } : {}),
  };
}

function glibcMinors(): number[] {
  return Array.from({ length: NEWEST_GLIBC_MINOR - OLDEST_GLIBC_MINOR + 1 }, (_, index) => NEWEST_GLIBC_MINOR - index);
}
