import { execFileSync } from 'child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const directory = mkdtempSync(join(tmpdir(), 'source-date-'));

afterAll(() => rmSync(directory, { recursive: true }));

/** Runs a statement with what scripts/package/source-date.mjs exports. */
function run(statement: string, environment = {}): string {
  const program = `import * as module from ${JSON.stringify(join(ROOT, 'scripts', 'package', 'source-date.mjs'))};\n${statement}`;
  const env = { ...process.env, SOURCE_DATE_EPOCH: undefined, ...environment };
  return execFileSync(process.execPath, ['--input-type=module', '--eval', program], { env, encoding: 'utf8' });
}

/** Makes a source distribution as setuptools does, whose files have the times of their build. */
function distribution(name: string, time: number, files: string[]): string {
  const place = join(directory, name);
  mkdirSync(join(place, 'package-1.0'), { recursive: true });
  for (const file of files) {
    writeFileSync(join(place, 'package-1.0', file), `content of ${file}`);
    utimesSync(join(place, 'package-1.0', file), time, time);
  }
  execFileSync('tar', ['-czf', 'package-1.0.tar.gz', ...files.map((file) => join('package-1.0', file))], { cwd: place });
  rmSync(join(place, 'package-1.0'), { recursive: true });
  return place;
}

test('a source distribution has the same bytes whenever it was built, and what it had', () => {
  const places = [distribution('first', 1_600_000_000, ['a.py', 'PKG-INFO']), distribution('second', 1_650_000_000.5, ['PKG-INFO', 'a.py'])];
  const archives = () => places.map((place) => readFileSync(join(place, 'package-1.0.tar.gz')));
  expect(archives()[0].equals(archives()[1])).toBe(false);
  run(`${JSON.stringify(places)}.forEach(module.setSourceDate);`, { SOURCE_DATE_EPOCH: '1700000000' });
  expect(archives()[0].equals(archives()[1])).toBe(true);
  execFileSync('tar', ['-xzf', 'package-1.0.tar.gz'], { cwd: places[0] });
  expect(readFileSync(join(places[0], 'package-1.0', 'a.py'), 'utf8')).toBe('content of a.py');
  const listed = execFileSync('tar', ['--utc', '-tvzf', 'package-1.0.tar.gz'], { cwd: places[0], encoding: 'utf8' });
  expect(listed.match(/2023-11-14 22:13/g)).toHaveLength(2);
});

test('setuptools and Maven are given the time of the commit, unless another is stated', () => {
  const commit = execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim();
  const given = (environment: object) => JSON.parse(run(`process.stdout.write(JSON.stringify(module.withSourceDate(${JSON.stringify(environment)})));`)) as object;
  expect(given({ HOME: '/home' })).toEqual({ HOME: '/home', SOURCE_DATE_EPOCH: commit, MAVEN_OPTS: `-Dproject.build.outputTimestamp=${commit}` });
  expect(given({ SOURCE_DATE_EPOCH: '5', MAVEN_OPTS: '-Xmx1g' })).toEqual({ SOURCE_DATE_EPOCH: '5', MAVEN_OPTS: '-Xmx1g -Dproject.build.outputTimestamp=5' });
});
