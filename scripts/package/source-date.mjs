// Gives the packages of a commit the same bytes wherever and whenever they are made: the time in them is that of the commit.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findPython, root } from '../setup/environment.mjs';

/** Returns seconds since 1970: `SOURCE_DATE_EPOCH` if it is set, or the commit's time; undefined outside of a repository. */
export function sourceDate(environment = process.env) {
  const stated = environment.SOURCE_DATE_EPOCH ?? spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).stdout?.trim();
  return stated || undefined;
}

/** Returns the environment with what setuptools and Maven read as the time of their files. */
export function withSourceDate(environment) {
  const seconds = sourceDate(environment);
  return seconds === undefined ? environment : {
    ...environment, SOURCE_DATE_EPOCH: seconds, MAVEN_OPTS: `${environment.MAVEN_OPTS ?? ''} -Dproject.build.outputTimestamp=${seconds}`.trim(),
  };
}

/** Rewrites source distributions, because setuptools gives their files the time of the build. */
export function setSourceDate(directory) {
  const seconds = sourceDate();
  const files = readdirSync(directory).filter((name) => name.endsWith('.tar.gz')).map((name) => join(directory, name));
  if (seconds === undefined || files.length === 0) {
    return;
  }
  const { status, stderr } = spawnSync(findPython(), [join(root, 'scripts', 'package', 'source_date.py'), seconds, ...files], { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`the source distribution cannot be written anew:\n${stderr}`);
  }
}
