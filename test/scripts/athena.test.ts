import { readFileSync } from 'node:fs';

/** The documented statement that makes a table of captured requests. */
const statement = /```sql\n([\s\S]*?)```/.exec(readFileSync('docs/tasks.md', 'utf8'))![1];

interface Schema {
  readonly properties: Record<string, { readonly type?: string }>;
}

/** Athena's types for those of JSON; a member that is an object is read as text. */
const TYPES: Record<string, string> = { string: 'string', integer: 'bigint', object: 'string' };

test('the documented table of captured requests has a column for each member of its schema, with its type', () => {
  const { properties } = JSON.parse(readFileSync('optimizer/schema/captured-request.schema.json', 'utf8')) as Schema;
  const expected = Object.entries(properties)
    .filter(([name]) => name !== 'schemaVersion')
    .map(([name, { type }]) => [name.toLowerCase(), TYPES[type!]]);
  const columns = /EXTERNAL TABLE captured_requests \(([\s\S]*?)\n\)/.exec(statement)![1].trim().split(',\n');

  expect(columns.map((column) => column.trim().replace(/`/g, '').split(' ')).sort()).toEqual(expected.sort());
});

test('the documented table finds objects by the hour in their names, as Firehose writes them', () => {
  const prefix = /`(<model>\/YYYY\/MM\/DD\/HH\/)`/.exec(readFileSync('docs/tasks.md', 'utf8'));

  expect(prefix).not.toBeNull();
  expect(statement).toContain('\'projection.hour.format\' = \'yyyy/MM/dd/HH\'');
  expect(statement).toContain('\'storage.location.template\' = \'s3://BUCKET/MODEL/${hour}/\'');
});
