// Runs awslint on our API, and requires documentation for everything public. awslint.json excludes aws-cdk-lib's types, which it would check too,
// and two rules: `no-grants`, because grant methods stay beside `grants`, and `prefer-ref-interface`, because properties whose methods are called
// take L2 interfaces (docs/adr/0026-grants-facade-and-references.md).
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
