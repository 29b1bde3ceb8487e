import { withPolls } from './executions';
import { trySchedules } from './schedules';

/** A look every three seconds, so that one may come before CloudFormation shows an update. */
const definition = withPolls(3);

test('a hundred random schedules of uploads, deployments and rollbacks, with stopped executions and lost answers, break no invariant', async () => {
  const [found] = await trySchedules([definition], { count: 100 });

  expect(found).toMatchObject({ violation: null, tried: 100 });
  expect(Math.min(found.overlapped, found.crashed, found.rolledBack, found.pruned)).toBeGreaterThan(10);
});
