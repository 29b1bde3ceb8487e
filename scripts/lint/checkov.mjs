// `npm run lint -- checkov`: checks the templates of the example app with checkov. Fails unless docs/security.md lists exactly the checks that fail.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run } from '../setup/environment.mjs';
import { lockedTool } from '../setup/locked-tool.mjs';
import { setUp } from '../setup/main.mjs';

await setUp({ programs: [] });
const checkov = await lockedTool('checkov', join(root, 'scripts', 'lint', 'checkov.txt'));
const output = mkdtempSync(join(tmpdir(), 'checkov-'));
try {
  await run(process.execPath, [join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk'), 'synth', '-q', '--output', output], { cwd: root });
  const templates = readdirSync(output).filter((name) => name.endsWith('.template.json'));
  const { stdout, stderr } = spawnSync(checkov, [
    ...templates.flatMap((name) => ['-f', name]), '--framework', 'cloudformation', '--skip-download', '--compact', '--quiet', '-o', 'json',
  ], { cwd: output, encoding: 'utf8', maxBuffer: 1 << 28 });
  const report = readReport(stdout, stderr);
  const found = new Map(report.results.failed_checks.map(({ check_id: id, check_name: name }) => [id, name]));
  const listed = new Set([...readFileSync(join(root, 'docs', 'security.md'), 'utf8').matchAll(/`(CKV_\w+)`/g)].map(([, id]) => id));
  const problems = [
    ...[...found].filter(([id]) => !listed.has(id)).map(([id, name]) => `${id} (${name}) is found in ${placesOf(report, id).join(', ')}, and docs/security.md does not list it`),
    ...[...listed].filter((id) => !found.has(id)).map((id) => `docs/security.md lists ${id}, and nothing is found: remove it there`),
  ];
  process.stdout.write(`${problems.map((problem) => `${problem}\n`).join('')}${problems.length ? '✗' : '✓'} checkov: ${report.summary.passed} checks passed in ${templates.join(', ')}; `
    + `${found.size} others are open\n`);
  process.exitCode = problems.length ? 1 : 0;
} finally {
  rmSync(output, { recursive: true, force: true });
}

/** checkov exits with 1 for findings and for its own failures alike; only the former write a report. */
function readReport(stdout, stderr) {
  try {
    const report = JSON.parse(stdout);
    if (report.summary.parsing_errors === 0 && report.summary.passed > 0) {
      return report;
    }
  } catch {
    // The message below has the output.
  }
  throw new Error(`checkov gave no report:\n${stderr}${stdout.slice(0, 2000)}`);
}

function placesOf(report, id) {
  return report.results.failed_checks.filter(({ check_id: found }) => found === id).map(({ file_path: file, resource }) => `${file.slice(1)} ${resource}`);
}
