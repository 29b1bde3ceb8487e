import { MUTANTS, mutated } from './definition-mutants';
import { withPolls } from './executions';
import { trySchedules } from './schedules';

const COUNT = Number(process.env.SCHEDULES ?? 10_000);
const SEED = Number(process.env.SCHEDULES_SEED ?? 2);

/** A look every three seconds, so that one may come before CloudFormation shows an update. */
const definition = withPolls(3);

test(`${COUNT} random schedules break no invariant`, async () => {
  const [found] = await trySchedules([definition], { count: COUNT, seed: SEED });
  const { tried, executions, overlapped, crashed, rolledBack, pruned } = found;
  process.stdout.write(`${tried} schedules with ${executions} executions: overlapped ${overlapped}, stopped ${crashed}, rolled back ${rolledBack}, pruned ${pruned}\n`);

  expect(found).toMatchObject({ violation: null, tried: COUNT });
});

test('random schedules find each fault of the definition', async () => {
  const found = await trySchedules(MUTANTS.map((mutant) => mutated(definition, mutant)), { count: 2_000, shrinks: false });
  process.stdout.write(MUTANTS.map(({ name }, index) => `${found[index].tried} schedules: ${name}: ${found[index].violation?.name}\n`).join(''));

  expect(MUTANTS.filter(({ shows }, index) => !shows.includes(found[index].violation?.name ?? '')).map(({ name }) => name)).toEqual([]);
});
