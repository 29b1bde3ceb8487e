import { compareGrants, NO_DIFFERENCES } from './comparison';
import type { Owner } from './owners';
import { ownerAmong, OWNERS, SERVICE_OWNERS } from './owners';
import type { Recording } from './recording';
import type { Row } from './table';

const POD = 'Service-DigitsAccessRole-XYZ';
const OWNER: Owner[] = [[/\/Access\/Role$/, 'the pods']];
const recorded = (Action: string[], used: string[]): Recording => ({
  stacks: [{ stack: 'Service', resources: { [POD]: 'Service/Digits/Access/Role/Resource' }, allowed: { [POD]: [{ Action, Resource: ['*'] }] } }],
  requests: used.map((action) => ({ role: POD, action, resource: 'arn:aws:s3:::models/1', allowed: true })),
});
const row = (action: string, who = 'the pods', isSometimesUsed = false): Row => ({ grants: [{ who, action, resource: '*' }], reason: 'AWS asks for it', isSometimesUsed });

test('nothing differs where each permission is used, or listed with a reason', () => {
  expect(compareGrants([recorded(['s3:GetObject', 's3:ListBucket'], ['s3:GetObject'])], OWNER, [row('s3:ListBucket')])).toEqual(NO_DIFFERENCES);
});

test.each([
  ['a permission without use or row', ['s3:GetObject', 's3:PutObject'], ['s3:GetObject'], [],
    'neither used nor listed: take it away, or give the reason', ['the pods: s3:PutObject on *']],
  ['a row for what is used', ['s3:GetObject'], ['s3:GetObject'], [row('s3:GetObject')], 'listed, but used: take the row away', ['the pods: s3:GetObject on *']],
  ['a row for what is not granted', ['s3:GetObject'], ['s3:GetObject'], [row('s3:PutObject')],
    'listed, but not granted: take the row away', ['the pods: s3:PutObject on *']],
])('%s is a difference', (_, granted, used, rows, difference, grants) => {
  expect(compareGrants([recorded(granted, used)], OWNER, rows)).toEqual({ ...NO_DIFFERENCES, [difference]: grants });
});

test('an owner without a role is a difference, so that a renamed construct is not left out unnoticed', () => {
  expect(compareGrants([], OWNER, [])['owners without a deployed role']).toEqual(['the pods']);
});

test('rows of other owners, and rows for what is used in some runs only, are no difference', () => {
  const used = recorded(['s3:GetObject'], ['s3:GetObject']);

  expect(compareGrants([used], OWNER, [row('s3:PutObject', 'the job'), row('s3:GetObject', 'the pods', true)])).toEqual(NO_DIFFERENCES);
});

test.each([
  [OWNERS, 'Endpoint/Monitor/Comparison/Role/Resource', 'a monitor'],
  [OWNERS, 'Endpoint/SchedulerRoleForTarget-5e5d77/Resource', 'a monitor\'s schedule'],
  [OWNERS, 'Service/Digits/Access/Role/Resource', undefined],
  [SERVICE_OWNERS, 'Service/Digits/Access/Role/Resource', 'the pods'],
  [SERVICE_OWNERS, 'Service/Cluster/Role/Resource', undefined],
])('the role at a path has its owner', (owners, path, owner) => {
  expect(ownerAmong(owners, path)).toBe(owner);
});
