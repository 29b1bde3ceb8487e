import { event, MANIFEST, ME, run, SERVE, SOURCE } from './executions';

describe('the turn', () => {
  const OTHER = 'arn:aws:states:eu-west-1:111122223333:execution:delivery:other';
  const held = { Id: { S: 'delivery' }, Owner: { S: OTHER }, PreviousSource: { S: 'v0' }, PreviousServe: { S: 'built' } };

  test('is waited for in vain where a newer upload supersedes in the meantime', async () => {
    const result = await run(event(), { newest: ['v2', 'v3'], item: held, executions: { [OTHER]: ['RUNNING', 'SUCCEEDED'] } });

    expect(result).toMatchObject({ output: { outcome: 'SUPERSEDED', newest: 'v3' }, calls: [], item: held });
  });

  test('is its own where the answer that gave it was lost', async () => {
    const result = await run(event(), { item: { Id: held.Id, Owner: { S: ME } }, executions: { [ME]: ['RUNNING', 'LOST'] } });

    expect(result).toMatchObject({ output: { outcome: 'DELIVERED' } });
    expect(result.entered).not.toContain('WaitForTurn');
  });

  test('is waited for while another execution runs', async () => {
    const { Owner, Id } = held;
    const result = await run(event(), { item: { Id, Owner }, executions: { [OTHER]: ['RUNNING', 'RUNNING', 'RELEASED'] } });

    expect(result.entered.filter((name: string) => name === 'WaitForTurn')).toHaveLength(2);
    expect(result.output.outcome).toBe('DELIVERED');
  });

  // Injects a fault.
  test('is waited for where Step Functions does not know its owner yet', async () => {
    const { Owner, Id } = held;
    const result = await run(event(), { item: { Id, Owner }, executions: { [OTHER]: ['UNKNOWN', 'RUNNING', 'RELEASED'] } });

    expect(result.entered.filter((name: string) => name === 'WaitForTurn')).toHaveLength(2);
    expect(result.output.outcome).toBe('DELIVERED');
  });

  test.each([['FAILED'], ['ABORTED'], ['TIMED_OUT'], [undefined]])('is taken over from an execution that is %s, with what that one found', async (status) => {
    const result = await run(event(), {
      item: { ...held }, executions: status === undefined ? {} : { [OTHER]: [status] }, parameters: { [SOURCE]: 'v9', [SERVE]: 'built' }, updates: { One: ['back'] },
    });

    expect(result).toMatchObject({ output: { outcome: 'ROLLED_BACK' }, parameters: { [SOURCE]: 'v0' } });
    expect(result.item).not.toHaveProperty('Owner');
  });

  test.each([['GiveTurn', {}], ['GiveUpTurn', { item: { Id: { S: 'delivery' }, Handled: { S: 'v2' } } }]])(
    'stays the next execution\'s where the answer to %s is lost', async (state, world) => {
      const result = await run(event(), { ...world, taker: OTHER });

      expect(result).toMatchObject({ status: 'SUCCEEDED', item: { Owner: { S: OTHER }, Handled: { S: 'v2' } } });
      expect(result.entered).toContain(state);
    });
});

describe('on demand', () => {
  test('the newest upload is delivered again, although it was handled', async () => {
    expect(await run({}, { item: { Id: { S: 'delivery' }, Handled: { S: 'v2' } } })).toMatchObject({ output: { outcome: 'DELIVERED', objectVersion: 'v2' } });
  });

  test('an older upload is delivered', async () => {
    expect(await run({ objectVersion: 'v0' })).toMatchObject({ output: { outcome: 'DELIVERED' }, parameters: { [SOURCE]: 'v0', [SERVE]: 'built' } });
  });

  test('an older upload stays where an event of the newest one, which was handled, comes again', async () => {
    const { item } = await run({ objectVersion: 'v0' }, { item: { Id: { S: 'delivery' }, Handled: { S: 'v2' } } });

    expect(item).toEqual({ Id: { S: 'delivery' }, Handled: { S: 'v2' } });
    expect(await run(event(), { item, parameters: { [SOURCE]: 'v0', [SERVE]: 'built' } })).toMatchObject({ output: { outcome: 'SUPERSEDED' }, parameters: { [SOURCE]: 'v0' } });
  });

  test('an older upload gives way to the newest one, whose event comes later', async () => {
    const { item } = await run({ objectVersion: 'v0' }, { item: { Id: { S: 'delivery' }, Handled: { S: 'v1' } } });

    expect(await run(event(), { item })).toMatchObject({ output: { outcome: 'DELIVERED' }, parameters: { [SOURCE]: 'v2' } });
  });

  test('published versions are served, with the source as it is', async () => {
    expect(await run({ serve: [MANIFEST] }, { newest: '' })).toMatchObject({
      output: { outcome: 'DELIVERED', objectVersion: 'v1' }, parameters: { [SOURCE]: 'v1', [SERVE]: JSON.stringify([MANIFEST]) }, item: { Handled: { S: 'none' } },
    });
  });

  test('published versions are served, with another upload as the source', async () => {
    expect(await run({ serve: [MANIFEST], objectVersion: 'v0' })).toMatchObject({ parameters: { [SOURCE]: 'v0', [SERVE]: JSON.stringify([MANIFEST]) } });
  });

  test('what is built is served again', async () => {
    expect(await run({ serve: 'built' }, { parameters: { [SOURCE]: 'v1', [SERVE]: JSON.stringify([MANIFEST]) } })).toMatchObject({
      parameters: { [SOURCE]: 'v1', [SERVE]: 'built' },
    });
  });

  test('nothing can be delivered before the first upload', async () => {
    expect(await run({}, { newest: '' })).toMatchObject({ status: 'FAILED', error: 'NothingUploaded', calls: [] });
  });

  test.each([[{ serve: 'newest' }], [{ serve: [] }], [{ serve: [{ manifestKey: 'm' }] }], [{ serve: [MANIFEST, {}] }], [{ objectVersion: 3 }]])(
    'the input %j is refused', async (input) => {
      expect(await run(input)).toMatchObject({ status: 'FAILED', error: 'InvalidInput', calls: [], item: {} });
    });

  test('as many versions as fit into a parameter are served, and one more is refused before anything is changed', async () => {
    const fitting = Math.floor(4095 / (JSON.stringify(MANIFEST).length + 1));
    const versions = (count: number) => ({ serve: Array.from({ length: count }, () => MANIFEST) });

    expect(await run(versions(fitting))).toMatchObject({ output: { outcome: 'DELIVERED' } });
    expect(await run(versions(fitting + 1))).toMatchObject({
      status: 'FAILED', error: 'TooManyVersions', cause: expect.stringContaining(`names ${fitting + 1} versions`), calls: [], item: {},
    });
  });
});
