/** Properties of a machine that decide whether the optimizer's packages exist for it; by Node.js's names. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** The version of the GNU C library; absent on other systems, and on Linux with another library. */
  readonly glibc?: string;
}

const SUPPORTED = ['linux x64', 'linux arm64', 'darwin arm64'];

/** This machine. */
export function thisMachine(): Machine {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return { platform: process.platform, arch: process.arch, glibc: header.glibcVersionRuntime };
}

/** Returns why the optimizer cannot run on a machine, in one sentence, or undefined if it can. */
export function whyNot({ platform, arch, glibc }: Machine): string | undefined {
  const known = SUPPORTED.includes(`${platform} ${arch}`);
  if (known && (platform !== 'linux' || glibc !== undefined)) {
    return undefined;
  }
  const found = known ? `${platform} ${arch} without the GNU C library` : `${platform} ${arch}`;
  return `the optimizer runs on Linux (x86_64 and arm64, with the GNU C library) and on macOS with Apple silicon, because TensorFlow and LiteRT have no packages for others, `
    + `and this is ${found}: use such a machine, a container or WSL 2, or let a deployment optimize the model in CodeBuild`;
}
