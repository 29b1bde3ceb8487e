// `npm run lint -- templates`: synthesizes every app of the end-to-end tests, and checks its templates with cfn-lint, its state machines with asl-validator,
// and its policies with parliament.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { root, run, tools } from '../setup/environment.mjs';
import { lockedTool } from '../setup/locked-tool.mjs';
import { setUp } from '../setup/main.mjs';

/** Context of the apps, in the place of the files that their tests make. */
const CONTEXT = {
  ...JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')).context,
  'aws:cdk:bundling-stacks': [],
  'stack': 'Example', 'model': 'examples/digits/saved_model', 'data': 'examples/digits/evaluation.npz', 'minutes': '5', 'server': 'litert',
};
/** App that is left out: it runs in a directory that its test makes. */
const OTHER = 'porting-app.ts';
/** W3005: the CDK writes dependencies that a reference implies already. */
const IGNORED = ['W3005'];
/** Parliament's findings that are none: resources that only the deployment knows are `*` here, and its data lack executions that are not express. */
const NONE = ['RESOURCE_STAR', 'states:DescribeExecution'];

await setUp({ programs: [] });
const parliament = await lockedTool('parliament', join(root, 'scripts', 'lint', 'parliament.txt'));
const { default: validate } = await import('asl-validator');
const output = mkdtempSync(join(tmpdir(), 'templates-'));
const problems = [];
const count = { templates: 0, 'state machines': 0, policies: 0 };
try {
  const policies = join(output, 'policies');
  mkdirSync(policies);
  for (const app of readdirSync(join(root, 'lab', 'e2e')).filter((name) => /(^|-)app\.ts$/.test(name) && name !== OTHER)) {
    const out = join(output, basename(app, '.ts'));
    await run(process.execPath, [join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs'), join(root, 'lab', 'e2e', app)], {
      cwd: root, env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(CONTEXT), CDK_OUTDIR: out, CDK_DEFAULT_ACCOUNT: '123456789012', CDK_DEFAULT_REGION: 'us-east-1', CDK_VALIDATION: 'false' },
    });
    const templates = readdirSync(out).filter((name) => name.endsWith('.template.json') && Object.keys(resourcesOf(join(out, name))).length);
    count.templates += templates.length;
    const { stdout: linted } = spawnSync(join(tools, 'python', 'bin', 'cfn-lint'), ['--format', 'json', '--ignore-checks', ...IGNORED, '--', ...templates], {
      cwd: out, encoding: 'utf8',
    });
    // cfn-lint does not know this function of the CDK's references between stacks where it stands in a text.
    const found = JSON.parse(linted).filter(({ Message }) => !Message.includes("{'Fn::GetStackOutput'"));
    problems.push(...found.map(({ Rule, Message, Location }) => `${app}: ${Rule.Id} ${Message} (${Location.Path?.Path?.join('/')})`));
    for (const name of templates) {
      for (const [id, { Type, Properties }] of Object.entries(resourcesOf(join(out, name)))) {
        if (Type === 'AWS::StepFunctions::StateMachine') {
          count['state machines'] += 1;
          const { isValid, errorsText } = validate(JSON.parse(resolved(Properties.DefinitionString), (_, entry) => (entry === '' ? 'x' : entry)), { checkArn: false });
          problems.push(...isValid ? [] : [`${app}: ${id}: ${errorsText()}`]);
        }
        const documents = [Properties?.PolicyDocument, ...(Type === 'AWS::IAM::Role' ? Properties.Policies ?? [] : []).map(({ PolicyDocument }) => PolicyDocument)];
        for (const [index, document] of documents.filter((found) => found && Type.startsWith('AWS::IAM::')).entries()) {
          count.policies += 1;
          writeFileSync(join(policies, `${basename(app, '.ts')}.${id}.${index}.json`), JSON.stringify(resolvedPolicy(document)));
        }
      }
    }
  }
  const { stdout, stderr } = spawnSync(parliament, ['--directory', policies, '--json'], {
    encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, PYTHONWARNINGS: 'ignore' },
  });
  const findings = stdout.split('\n').filter(Boolean).filter((line) => !NONE.some((none) => line.includes(`"${none}"`))).map((line) => JSON.parse(line));
  problems.push(...findings.map(({ issue, detail, location }) => `${basename(location.filepath ?? '')}: ${issue} ${JSON.stringify(detail)}`), ...stderr ? [stderr] : []);
} finally {
  rmSync(output, { recursive: true, force: true });
}
const counted = Object.entries(count).map(([what, number]) => `${number} ${what}`).join(', ');
process.stdout.write(`${problems.map((problem) => `${problem}\n`).join('')}${problems.length || Object.values(count).includes(0) ? '✗' : '✓'} ${counted}\n`);
process.exitCode = problems.length || Object.values(count).includes(0) ? 1 : 0;

/** Without context, some stacks of an app are empty. */
function resourcesOf(template) {
  return JSON.parse(readFileSync(template, 'utf8')).Resources ?? {};
}

/** The text that a value has at deployment, with `x` for what only the deployment knows. */
function resolved(value) {
  if (typeof value !== 'object') {
    return String(value);
  }
  const [[name, argument]] = Object.entries(value);
  if (name === 'Fn::Join') {
    return argument[1].map(resolved).join(argument[0]);
  }
  return argument === 'AWS::Partition' ? 'aws' : argument === 'AWS::Region' ? 'us-east-1' : argument === 'AWS::AccountId' ? '123456789012' : 'x';
}

/** A policy with text only: an ARN that only the deployment knows is every resource. */
function resolvedPolicy(value) {
  if (Array.isArray(value)) {
    return value.map(resolvedPolicy);
  }
  if (typeof value !== 'object') {
    return value;
  }
  const [first] = Object.keys(value);
  if (first === 'Ref' || first?.startsWith('Fn::')) {
    const text = resolved(value);
    return text.startsWith('x') ? '*' : text;
  }
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, resolvedPolicy(of)]));
}
