import { readFileSync } from 'fs';
import { resolve } from 'path';
import { parseRecording } from './recording';
import { readTable } from './table';
import { named, unusedGrants } from './unused-grants';

const BUCKET = 'endpoint-models1234-abcdef';
const ROLE = 'Endpoint-PointsJobRole-XYZ';
const deployed = (allowed: object[], role = ROLE) => ({
  stack: 'Endpoint',
  resources: { [BUCKET]: 'Endpoint/Models/Resource', [role]: 'Endpoint/Points/Job/Role/Resource' },
  allowed: { [role]: allowed },
});
const asked = (action: string, resource: string, allowed = true, role = ROLE) => ({ role, action, resource, allowed, conditions: {} });
const recorded = (...lines: object[]) => parseRecording(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
const job = () => 'the job';

const READS = { Action: ['s3:GetObject', 's3:ListBucket'], Resource: [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/points/*`], Condition: {} };

test('what no request needed is named by construct, action and resource', () => {
  const recording = recorded(deployed([READS]), asked('s3:GetObject', `arn:aws:s3:::${BUCKET}/points/1/manifest.json`), asked('s3:ListBucket', `arn:aws:s3:::${BUCKET}`));

  expect(unusedGrants([recording], job)).toEqual([
    { who: 'the job', action: 's3:GetObject', resource: 's3:{Models}' },
    { who: 'the job', action: 's3:ListBucket', resource: 's3:{Models}/points/*' },
  ]);
});

test.each([
  ['another role', asked('s3:GetObject', `arn:aws:s3:::${BUCKET}/points/1`, true, 'Endpoint-Other-XYZ')],
  ['a request that was denied', asked('s3:GetObject', `arn:aws:s3:::${BUCKET}/points/1`, false)],
  ['another action', asked('s3:GetObjectVersion', `arn:aws:s3:::${BUCKET}/points/1`)],
  ['another resource', asked('s3:GetObject', `arn:aws:s3:::${BUCKET}/other/1`)],
])('%s does not use it', (_, request) => {
  const statement = { Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${BUCKET}/points/*`] };

  expect(unusedGrants([recorded(deployed([statement]), request)], job)).toEqual([
    { who: 'the job', action: 's3:GetObject', resource: 's3:{Models}/points/*' },
  ]);
});

test('what one of two stacks used is used, although their names differ', () => {
  const other = 'Other-PointsJobRole-XYZ';
  const writes = { Action: ['s3:PutObject'], Resource: [`arn:aws:s3:::${BUCKET}/*`] };
  const used = recorded(deployed([writes], other), asked('s3:PutObject', `arn:aws:s3:::${BUCKET}/one`, true, other));

  expect(unusedGrants([recorded(deployed([writes])), used], job)).toEqual([]);
  expect(unusedGrants([used, recorded(deployed([writes]))], job)).toEqual([]);
});

test('a statement of any update counts, and roles without an owner do not', () => {
  const later = { Action: ['kms:Sign'], Resource: ['arn:aws:kms:us-east-1:123456789012:key/1'] };

  expect(unusedGrants([recorded(deployed([]), deployed([later]), deployed([]))], job)).toEqual([{ who: 'the job', action: 'kms:Sign', resource: 'kms:key/1' }]);
  expect(unusedGrants([recorded(deployed([later]))], () => undefined)).toEqual([]);
});

test('a last line that is cut short does not count', () => {
  expect(parseRecording(`${JSON.stringify(asked('s3:GetObject', '*'))}\n{"action": "s3:Put`).requests).toHaveLength(1);
});

describe('the table', () => {
  const page = [
    '# Page', '## Before', '| the job | `s3:PutObject` | `s3:{Models}` | no row of it |', '## Table', '', '| role | actions | resources | why |', '|---|---|---|---|',
    '| the job | `s3:GetObject`, `s3:ListBucket` | `s3:{Models}`, `s3:{Models}/*` | AWS asks for it |', '## After', '| the job | `kms:Sign` | `*` | no row of it |',
  ].join('\n');

  test('has a permission for each action with each resource of a row', () => {
    const [row, ...others] = readTable(page, 'Table');

    expect(others).toEqual([]);
    expect(row.reason).toBe('AWS asks for it');
    expect(row.grants.map(({ who, action, resource }) => `${who} ${action} ${resource}`)).toEqual([
      'the job s3:GetObject s3:{Models}', 'the job s3:GetObject s3:{Models}/*', 'the job s3:ListBucket s3:{Models}', 'the job s3:ListBucket s3:{Models}/*',
    ]);
  });

  test('says of what a request needs in some runs only that it may be used', () => {
    const [always, sometimes] = readTable(page.replace('## After', '| the job | `s3:PutObject` | `*` | in some runs only: a retry |\n## After'), 'Table');

    expect([always.isSometimesUsed, sometimes.isSometimesUsed]).toEqual([false, true]);
  });

  test('is empty where the page has none of this title', () => {
    expect(readTable(page, 'Another')).toEqual([]);
  });

  test('of unused.md gives a reason in every row', () => {
    const rows = readTable(readFileSync(resolve(__dirname, 'unused.md'), 'utf8'), 'Granted and not used in the tests');

    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(({ reason, grants }) => reason.length < 8 || grants.length === 0)).toEqual([]);
  });
});

test.each([
  ['arn:aws:s3:::cdk-abc-assets-123456789012-us-east-1/' + 'a1'.repeat(32) + '.zip', 's3:{assets}/….zip'],
  ['arn:aws:cloudformation:us-east-1:123456789012:stack/Endpoint/37011460-b57e-4cf9-b10c-f51f716866da', 'cloudformation:stack/…'],
  ['arn:aws:secretsmanager:us-east-1:123456789012:secret:digits/tls-d5744b', 'secretsmanager:secret:digits/tls-…'],
  [`arn:aws:s3:::${BUCKET}/points-a8647e6c/keys/*/job.json`, 's3:{Models}/<model>/keys/*/job.json'],
  ['arn:aws:logs:us-east-1:123456789012:log-group:Optimizations:log-stream:monitor/points/*', 'logs:log-group:Optimizations:log-stream:monitor/<model>/*'],
  [`arn:aws:s3:::${BUCKET}/drift-reports/points/*`, 's3:{Models}/drift-reports/<model>/*'],
])('%s is named without what varies', (arn, expected) => {
  expect(named(arn, { [BUCKET]: 'Endpoint/Models/Resource' })).toBe(expected);
});
