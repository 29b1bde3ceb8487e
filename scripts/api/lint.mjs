// Runs awslint on our API, and requires documentation for everything public. awslint.json excludes aws-cdk-lib's types, which it would check too,
// and two rules for aws-cdk-lib's own modules: grants as separate classes, and L1 reference interfaces (docs/adr/0011-grants-and-interfaces.md).
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tsImport } from 'tsx/esm/api';
import { root } from '../setup/environment.mjs';

const { undocumented } = await tsImport('./undocumented.ts', import.meta.url);
const { status, stdout, stderr } = spawnSync('npx', ['awslint'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
const findings = [
  ...`${stdout}${stderr}`.split('\n').filter((line) => /^(error|warning): \[awslint/.test(line)),
  ...undocumented(JSON.parse(readFileSync(join(root, '.jsii'), 'utf8'))),
];
process.stdout.write(findings.length ? `${findings.join('\n')}\n` : '');
process.exit(status || (findings.length ? 1 : 0));
