import { definition, event, IDLE, MANIFEST, run, SERVE, SOURCE, updates, withPolls } from './executions';

describe('the definition', () => {
  const nexts = (state: any): string[] => [
    state.Next, state.Default, ...(state.Choices ?? []).map((choice: any) => choice.Next), ...(state.Catch ?? []).map((handler: any) => handler.Next),
  ].filter((name) => name !== undefined);

  test('names only states that it has, has none that is never reached, and each goes on or ends', () => {
    const reached = new Set<string>([definition.StartAt]);
    for (const name of reached) {
      expect(definition.States).toHaveProperty(name);
      const state = definition.States[name];
      nexts(state).forEach((next) => reached.add(next));
      expect(nexts(state).length > 0 || state.End === true || state.Type === 'Fail').toBe(true);
    }
    expect([...reached].sort()).toEqual(Object.keys(definition.States).sort());
  });

  test('has an expression, and no field of JSONPath, wherever a value is computed', () => {
    const text = JSON.stringify(definition);
    expect(text).not.toMatch(/"(Parameters|ResultPath|ResultSelector|InputPath|OutputPath|Variable)":(?!"\{%)/);
    expect(text).not.toMatch(/\.\$"/);
  });
});

describe('the history of an execution', () => {
  const EVENTS: Record<string, number> = { Task: 5, Wait: 2, Choice: 2, Pass: 2 };
  const [SOON, LATER] = [200, 10];
  const busy = (status: string, then: string) => [...Array(SOON + LATER).fill(status), then];
  const owner = 'arn:aws:states:eu-west-1:111122223333:execution:delivery:other';
  const stack = { stacks: { ...IDLE, One: busy('UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE') } };
  const turn = { item: { Id: { S: 'delivery' }, Owner: { S: owner } }, executions: { [owner]: busy('RUNNING', 'RELEASED') } };

  test.each([
    ['WaitForStack', 1, stack], ['WaitForTurn', 1, turn], ['WaitForStack', 15, stack], ['WaitForTurn', 15, turn],
  ])('has fewer than the 25,000 events that Step Functions takes when all of its time is spent in %s, first of %d s', async (state, pollSeconds, world) => {
    const asked = withPolls(pollSeconds);
    const { entered, waited, status } = await run(event(), world, asked);
    const first = entered.indexOf(state);
    const round: string[] = entered.slice(first, entered.indexOf(state, first + 1));
    const events = round.map((name) => EVENTS[asked.States[name].Type]).reduce((sum, count) => sum + count, 0);
    const laterSeconds = (waited - SOON * pollSeconds) / LATER;

    expect(status).toBe('SUCCEEDED');
    // Leave some events for all else, such as updates of many stacks.
    expect(events * (SOON + asked.TimeoutSeconds / laterSeconds)).toBeLessThan(24_000);
  });
});

describe('an upload', () => {
  test('updates the stacks in their order, and tells so', async () => {
    const result = await run(event());

    expect(result).toMatchObject({
      status: 'SUCCEEDED',
      output: { outcome: 'DELIVERED', objectVersion: 'v2' },
      parameters: { [SOURCE]: 'v2', [SERVE]: 'built' },
      item: { Handled: { S: 'v2' } },
      events: [{ type: 'ModelDelivered', source: 'cdk-tensorflow', detail: { schemaVersion: 1, outcome: 'DELIVERED', objectVersion: 'v2', stacks: ['One', 'Two'] } }],
    });
    expect(result.item).not.toHaveProperty('Owner');
    expect(result.item).not.toHaveProperty('PreviousSource');
    expect(updates(result)).toEqual(['One', 'Two']);
  });

  test('waits while a stack is busy, before it writes a parameter', async () => {
    const { entered, calls } = await run(event(), { stacks: { ...IDLE, One: ['UPDATE_IN_PROGRESS', 'UPDATE_ROLLBACK_IN_PROGRESS', 'UPDATE_COMPLETE'] } });

    expect(entered.indexOf('WriteFirst')).toBeGreaterThan(entered.lastIndexOf('WaitForStack'));
    expect(entered.filter((name: string) => name === 'WaitForStack')).toHaveLength(2);
    expect(calls[0]).toEqual(['put', SOURCE, 'v2']);
  });

  // Injects a fault.
  test('waits where a deployment by somebody began between the look and the update', async () => {
    const result = await run(event(), { updates: { One: ['busy', 'ok'] } });

    expect(result.output.outcome).toBe('DELIVERED');
    expect(updates(result)).toEqual(['One', 'One', 'Two']);
  });

  // Injects a fault.
  test('goes on where the answer to a request is lost, although the request was fulfilled', async () => {
    const result = await run(event(), { updates: { One: ['lost', 'busy', 'same'] }, lostDescriptions: 1 });

    expect(result).toMatchObject({ output: { outcome: 'DELIVERED' }, parameters: { [SOURCE]: 'v2' } });
    expect(result.entered.slice(-1)).toEqual(['Ended']);
    expect(updates(result)).toEqual(['One', 'One', 'One', 'Two']);
  });

  // Injects a fault.
  test.each([['before the update', -1], ['while it runs', 2]])('waits on where CloudFormation does not answer for minutes %s', async (_, lostAfter) => {
    const result = await run(event(), { lostDescriptions: 20, lostAfter });

    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'DELIVERED' }, parameters: { [SOURCE]: 'v2' } });
    expect(updates(result)).toEqual(['One', 'Two']);
  });

  // Injects a fault.
  test('waits for an update that began although none of its requests was answered', async () => {
    const result = await run(event(), { updates: { One: [...Array(6).fill('lost'), 'same'] } });

    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'DELIVERED' }, parameters: { [SOURCE]: 'v2' }, stacks: { One: ['UPDATE_COMPLETE'] } });
  });

  test('needs a person where the stack is deleted while it is updated', async () => {
    const result = await run(event(), { refusal: 'Stack with id One does not exist (Status Code: 400)', lostAfter: 2 });

    expect(result).toMatchObject({ status: 'FAILED', error: 'Stuck' });
    expect(result.events).toMatchObject([{ type: 'ModelDeliveryStuck', detail: { reason: expect.stringContaining('does not exist'), failedStack: 'One' } }]);
  });

  // Injects a fault.
  test.each([['throttled'], ['unavailable']])('is delivered although the first update is %s', async (refusal) => {
    const result = await run(event(), { updates: { One: [refusal, 'ok'] } });

    expect(result).toMatchObject({ output: { outcome: 'DELIVERED' }, parameters: { [SOURCE]: 'v2' } });
    expect(updates(result)).toEqual(['One', 'One', 'Two']);
  });

  test.each([['before the update', -1], ['while it runs', 2]])('is delivered although CloudFormation throttles looks at the stack %s', async (_, lostAfter) => {
    const result = await run(event(), { refusal: 'Rate exceeded (Service: CloudFormation, Status Code: 400)', lostDescriptions: 3, lostAfter });

    expect(result).toMatchObject({ output: { outcome: 'DELIVERED' }, parameters: { [SOURCE]: 'v2' } });
    expect(updates(result)).toEqual(['One', 'Two']);
  });

  test.each([['UPDATE_ROLLBACK_COMPLETE'], ['IMPORT_COMPLETE'], ['IMPORT_ROLLBACK_COMPLETE']])('updates a stack with the status %s', async (status) => {
    expect(updates(await run(event(), { stacks: { ...IDLE, One: [status] } }))).toEqual(['One', 'Two']);
  });

  test('is delivered where that deployment has done it already', async () => {
    expect(await run(event(), { updates: { One: ['same'], Two: ['same'] } })).toMatchObject({ output: { outcome: 'DELIVERED' }, parameters: { [SOURCE]: 'v2' } });
  });

  test.each([[undefined], [['ROLLBACK_COMPLETE']], [['REVIEW_IN_PROGRESS']]])('is left for the first deployment of a stack with the statuses %j', async (statuses) => {
    const result = await run(event(), { stacks: { One: IDLE.One, ...statuses && { Two: statuses } } });

    expect(result).toMatchObject({ output: { outcome: 'DELIVERED', skipped: ['Two'] }, parameters: { [SOURCE]: 'v2' } });
    expect(updates(result)).toEqual(['One']);
  });

  test('of another version since then supersedes it', async () => {
    const result = await run(event('v1'));

    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'SUPERSEDED', newest: 'v2' }, calls: [], events: [], item: {} });
  });

  test('that was deleted since then is superseded', async () => {
    expect(await run(event(), { newest: '' })).toMatchObject({ output: { outcome: 'SUPERSEDED', newest: '' }, calls: [] });
  });

  test('whose event comes again is superseded, and gives up its turn', async () => {
    const result = await run(event(), { item: { Id: { S: 'delivery' }, Handled: { S: 'v2' } } });

    expect(result).toMatchObject({ output: { outcome: 'SUPERSEDED' }, calls: [], events: [], item: { Handled: { S: 'v2' } } });
    expect(result.item).not.toHaveProperty('Owner');
  });

  test('ends the time of a version that was gone back to', async () => {
    const result = await run(event(), { parameters: { [SOURCE]: 'v1', [SERVE]: JSON.stringify([MANIFEST]) } });

    expect(result).toMatchObject({ output: { outcome: 'DELIVERED' }, parameters: { [SOURCE]: 'v2', [SERVE]: 'built' } });
  });
});

describe('a stack that is rolled back', () => {
  test('leaves the parameters as they were, and its reason in the event', async () => {
    const result = await run(event(), { updates: { One: ['back'] } });

    expect(result).toMatchObject({
      status: 'SUCCEEDED',
      output: { outcome: 'ROLLED_BACK', reason: 'why One failed' },
      parameters: { [SOURCE]: 'v1', [SERVE]: 'built' },
      item: { Handled: { S: 'v2' } },
      events: [{ type: 'ModelDeliveryFailed', detail: { outcome: 'ROLLED_BACK', failedStack: 'One', reason: 'why One failed', objectVersion: 'v2' } }],
    });
    expect(updates(result)).toEqual(['One']);
  });

  // Injects a fault.
  test('has the stacks before it restored', async () => {
    const result = await run(event(), { updates: { Two: ['back'] } });

    expect(result).toMatchObject({ output: { outcome: 'ROLLED_BACK' }, parameters: { [SOURCE]: 'v1' }, serving: { One: { [SOURCE]: 'v1' } } });
    expect(updates(result)).toEqual(['One', 'Two', 'One']);
  });

  test('restores what was gone back to before the source, so that no other deployment builds an old source', async () => {
    const serve = JSON.stringify([MANIFEST]);
    const { calls, parameters } = await run(event(), { parameters: { [SOURCE]: 'v1', [SERVE]: serve }, updates: { One: ['back'] } });

    expect(calls.filter(([what]: string[]) => what === 'put')).toEqual([
      ['put', SOURCE, 'v2'], ['put', SERVE, 'built'], ['put', SERVE, serve], ['put', SOURCE, 'v1'],
    ]);
    expect(parameters).toEqual({ [SOURCE]: 'v1', [SERVE]: serve });
  });

  test('has those before it restored from the last to the first', async () => {
    const stacks = { ...IDLE, Three: ['UPDATE_COMPLETE'] };
    const result = await run(event(), { stacks, updates: { Three: ['back'] } }, withPolls(15, ['One', 'Two', 'Three']));

    expect(updates(result)).toEqual(['One', 'Two', 'Three', 'Two', 'One']);
  });

  // Injects a fault.
  test('has a later stack restored that somebody has deployed with the new version in the meantime', async () => {
    const [before, after] = ['v1', 'v2'].map((version) => ({ [SOURCE]: version, [SERVE]: 'built' }));
    const result = await run(event(), { updates: { One: ['back'] }, serving: { One: before, Two: after } });

    expect(updates(result)).toEqual(['One', 'Two']);
    expect(result).toMatchObject({ output: { outcome: 'ROLLED_BACK' }, parameters: before, serving: { One: before, Two: before } });
  });

  test('is restored and told of where nobody finds the reason', async () => {
    expect(await run(event(), { updates: { One: ['back'] }, isReasonUnknown: true })).toMatchObject({
      status: 'SUCCEEDED', output: { outcome: 'ROLLED_BACK' }, parameters: { [SOURCE]: 'v1' }, events: [{ detail: { reason: expect.stringContaining('see the events of the stack') } }],
    });
  });

  test('whose update is refused counts as failed', async () => {
    expect(await run(event(), { updates: { Two: ['refused'] } })).toMatchObject({
      output: { outcome: 'ROLLED_BACK', reason: expect.stringContaining('not authorized') },
      parameters: { [SOURCE]: 'v1' },
      serving: { One: { [SOURCE]: 'v1' } },
      events: [{ detail: { failedStack: 'Two' } }],
    });
  });
});

describe('a parameter that cannot be written', () => {
  /** The first attempt of a state, and its retries. */
  const ATTEMPTS = 6;

  test.each([['the source', SOURCE], ['the versions', SERVE]])('brings back what was before, and is told: %s', async (_, name) => {
    expect(await run(event(), { refusedParameters: { [name]: ATTEMPTS }, parameters: { [SOURCE]: 'v1', [SERVE]: 'gone back' } })).toMatchObject({
      output: { outcome: 'ROLLED_BACK', reason: expect.stringContaining('4096 characters') },
      parameters: { [SOURCE]: 'v1', [SERVE]: 'gone back' },
      events: [{ type: 'ModelDeliveryFailed' }],
    });
  });

  test('needs a person where it cannot be restored either', async () => {
    expect(await run(event(), { refusedParameters: { [SERVE]: 2 * ATTEMPTS } })).toMatchObject({
      status: 'FAILED', error: 'Stuck',
      events: [{ type: 'ModelDeliveryStuck', detail: { failedStack: 'One', reason: expect.stringContaining('4096 characters') } }],
    });
  });
});

describe('a stack without an execution role', () => {
  test('is not updated, and the delivery says what to do', async () => {
    const result = await run(event(), { withoutRole: ['Two'] });

    expect(updates(result)).toEqual(['One', 'One']);
    expect(result).toMatchObject({
      output: { outcome: 'ROLLED_BACK', failedStack: 'Two', reason: expect.stringContaining('has no execution role') }, parameters: { [SOURCE]: 'v1' },
    });
  });
});

describe('a look that is older than the update', () => {
  test.each([[{ updates: { One: ['ok'] } }, 'DELIVERED'], [{ updates: { One: ['back'] } }, 'ROLLED_BACK']])('is not taken for its end: %j', async (world, outcome) => {
    for (const status of ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE']) {
      expect(await run(event(), { ...world, stacks: { ...IDLE, One: [status] }, staleLooks: 2 })).toMatchObject({ output: { outcome } });
    }
  });
});

describe('the end of a delivery', () => {
  const output = (version: number, delivery = SERVE) => ({
    PointsBuildDeliveredModel0A1B2C3D: JSON.stringify({ delivery, model: 'points', bucket: 'artifacts', manifestKey: `m/litert/${version}/manifest.json`, manifestSha256: `${version}`.repeat(64) }),
    Url: 'https://points.example',
  });
  const version = (stack: string, number: number) => (
    { stack, model: 'points', bucket: 'artifacts', manifestKey: `m/litert/${number}/manifest.json`, manifestSha256: `${number}`.repeat(64) });

  test('says which versions the stacks served before, and which they serve now', async () => {
    const { output: ended, events: [told] } = await run(event(), {
      outputs: { One: output(1), Two: output(3) }, nextOutputs: { One: output(2), Two: output(4) },
    });

    const versions = { before: [version('One', 1), version('Two', 3)], live: [version('One', 2), version('Two', 4)] };
    expect(ended).toMatchObject({ serve: 'built', ...versions });
    expect(told.detail).toMatchObject(versions);
  });

  test('names what a stack served before although the answer to its update was lost', async () => {
    const { output: ended } = await run(event(), {
      updates: { One: ['lost', 'same'] }, outputs: { One: output(1) }, stacks: { One: IDLE.One },
    });

    expect(ended.before).toEqual([version('One', 1)]);
  });

  test('leaves out models of another delivery, and is of none for stacks without any', async () => {
    expect((await run(event(), { outputs: { One: output(1, '/other/serve') } })).output).toMatchObject({ before: [], live: [] });
  });

  test('has nothing live where a later stack failed', async () => {
    const { output: ended, events: [told] } = await run(event(), { updates: { Two: ['back'] }, outputs: { One: output(1) }, nextOutputs: { One: output(2) } });

    expect(ended).toMatchObject({ outcome: 'ROLLED_BACK', failedStack: 'Two', before: [version('One', 1)], live: [] });
    expect(told.detail.live).toEqual([]);
  });

  test.each([['a success', {}], ['a failure', { updates: { One: ['back'] } }]])('is told of %s before the turn is given away', async (_, world) => {
    const { ownerWhenTold, item, entered } = await run(event(), world);

    expect(ownerWhenTold).toMatch(/:me$/);
    expect(item).not.toHaveProperty('Owner');
    expect(entered.indexOf('Tell')).toBeLessThan(entered.indexOf('GiveTurn'));
  });

  test('is told again where EventBridge did not take the event', async () => {
    const result = await run(event(), { refusedEvents: 2, updates: { One: ['back'] } });

    expect(result).toMatchObject({ status: 'SUCCEEDED', events: [{ type: 'ModelDeliveryFailed' }] });
    expect(result.entered.filter((name: string) => name === 'WaitToTell')).toHaveLength(2);
  });

  test.each([['takes no event', { refusedEvents: 99 }], ['does not answer', { lostEvents: true }]])('fails, gives up the turn and so alarms where EventBridge %s', async (_, world) => {
    const result = await run(event(), { ...world, updates: { One: ['back'] } });

    expect(result).toMatchObject({
      status: 'FAILED', error: 'NotTold', cause: expect.stringMatching(/ended as ROLLED_BACK.*why One failed/), item: { Handled: { S: 'v2' } }, parameters: { [SOURCE]: 'v1' },
    });
    expect(result.item).not.toHaveProperty('Owner');
  });
});

describe('what only a person can put right', () => {
  test.each([
    ['a stack whose rollback fails', { updates: { One: ['stuck'] } }, 'UPDATE_ROLLBACK_FAILED'],
    ['a stack that cannot be updated before', { stacks: { ...IDLE, One: ['UPDATE_ROLLBACK_FAILED'] } }, 'UPDATE_ROLLBACK_FAILED'],
    ['a stack that cannot be restored', { updates: { One: ['ok', 'back'], Two: ['back'] } }, 'why Two failed'],
    ['a stack whose restoration is refused', { updates: { One: ['ok', 'refused'], Two: ['back'] } }, 'not authorized'],
  ])('%s fails the execution and tells so', async (_, world, reason) => {
    expect(await run(event(), world)).toMatchObject({
      status: 'FAILED', error: 'Stuck', cause: expect.stringContaining(reason),
      events: [{ type: 'ModelDeliveryStuck', detail: { outcome: 'STUCK', failedStack: 'One', reason: expect.stringContaining(reason) } }],
      item: { Owner: { S: expect.stringContaining(':me') }, PreviousSource: { S: 'v1' }, PreviousServe: { S: 'built' } },
    });
  });

  test('fails the execution also where EventBridge does not answer', async () => {
    expect(await run(event(), { updates: { One: ['stuck'] }, lostEvents: true })).toMatchObject({ status: 'FAILED', error: 'Stuck', events: [] });
  });

  test('changes no parameter where the rollback of the first stack fails before another is touched', async () => {
    const { calls } = await run(event(), { stacks: { ...IDLE, One: ['UPDATE_ROLLBACK_FAILED'] } });

    expect(calls).toEqual([]);
  });
});
