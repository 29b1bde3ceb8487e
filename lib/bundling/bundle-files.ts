import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'fs';
import { basename, dirname, join, relative, sep } from 'path';
import { IgnoreStrategy, UnscopedValidationError } from 'aws-cdk-lib';
import { lit } from '../private/errors';
import { type BundlePlan, type FileSelection, machineOf, NEVER_BUNDLED } from './bundle-plan';

/** Files that installers write about themselves. They differ between installers, and nothing reads them on Lambda. */
const INSTALLER_RECORDS = ['INSTALLER', 'RECORD', 'REQUESTED', 'direct_url.json', 'uv_cache.json'];

/** Copies source code, following links, as the alpha package does with rsync -rL. */
export function copySources(from: string, to: string): void {
  const ignore = IgnoreStrategy.git(from, NEVER_BUNDLED);
  cpSync(from, to, { recursive: true, dereference: true, filter: (source) => source === from || !ignore.ignores(source) });
}

/** Rejects packages built for another processor or C library, which would fail only on Lambda. */
export function checkWheelTags(directory: string, plan: BundlePlan): void {
  const wanted = machineOf(plan.architecture);
  for (const info of distributionInfos(directory)) {
    const wheel = join(directory, info, 'WHEEL');
    if (!existsSync(wheel)) {
      continue;
    }
    const tags = readFileSync(wheel, 'utf-8').split('\n').filter((line) => line.startsWith('Tag:')).map((line) => line.slice(4).trim());
    const platforms = tags.map((tag) => tag.split('-').slice(2).join('-'));
    if (!platforms.some((platform) => platform === 'any' || (platform.startsWith('manylinux') && platform.endsWith(`_${wanted}`)))) {
      throw new UnscopedValidationError(
        lit`WheelOfAnotherPlatform`,
        `${info.replace('.dist-info', '')} was installed for ${platforms.join(', ')}, but the function runs on manylinux ${wanted}: `
        + 'look for a setting of uv or pip that overrides the platform, or choose an architecture that the package has a wheel for',
      );
    }
  }
}

/** Keeps the selected files and normalizes the rest, so that the same input always gives the same files. */
export function finishFiles(root: string, plan: BundlePlan): void {
  const packages = join(root, plan.outputSuffix);
  rmSync(join(packages, '.lock'), { force: true });
  for (const info of distributionInfos(packages)) {
    INSTALLER_RECORDS.forEach((name) => rmSync(join(packages, info, name), { force: true }));
  }
  if (plan.selection) {
    select(root, packages, plan.selection);
  }
  removeEmptyDirectories(root);
  normalizeModes(root);
}

/** All files below a directory, relative to it, sorted, with forward slashes. */
export function listFiles(directory: string): string[] {
  return entriesBelow(directory)
    .filter(({ isDirectory }) => !isDirectory)
    .map(({ path }) => relative(directory, path).split(sep).join('/'))
    .sort();
}

/** Sums up the sizes of all files, as Lambda does for its limit. */
export function sizeOf(directory: string): number {
  return listFiles(directory).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0);
}

function select(root: string, packages: string, selection: FileSelection): void {
  const moves = Object.entries(selection.move ?? {});
  const lost = moves.map(([from]) => from).filter((from) => !existsSync(join(packages, from)));
  if (lost.length > 0) {
    throw new UnscopedValidationError(lit`LayerFileMissing`, `the installed packages have no file ${lost.join(', ')}: the layer's requirements have changed`);
  }
  for (const [from, to] of moves) {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    renameSync(join(packages, from), join(root, to));
  }
  const moved = new Set(moves.map(([, to]) => join(root, to)));
  const keep = IgnoreStrategy.git(packages, selection.keep);
  const drop = IgnoreStrategy.git(packages, selection.drop ?? []);
  for (const file of listFiles(root).map((name) => join(root, name))) {
    if (!moved.has(file) && (!keep.ignores(file) || drop.ignores(file))) {
      rmSync(file);
    }
  }
}

function distributionInfos(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).filter((name) => basename(name).endsWith('.dist-info')).sort() : [];
}

function removeEmptyDirectories(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true }).filter((child) => child.isDirectory())) {
    const path = join(directory, entry.name);
    removeEmptyDirectories(path);
    if (readdirSync(path).length === 0) {
      rmSync(path, { recursive: true });
    }
  }
}

/** Lambda runs as another user, who could not read files created under a strict umask. */
function normalizeModes(directory: string): void {
  for (const { path, isDirectory } of entriesBelow(directory)) {
    chmodSync(path, isDirectory || statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}

/** Everything below a directory. In a recursive listing of Node.js before 20.12, entries do not name their directory. */
function entriesBelow(directory: string): { path: string; isDirectory: boolean }[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return [{ path, isDirectory: entry.isDirectory() }, ...(entry.isDirectory() ? entriesBelow(path) : [])];
  });
}
