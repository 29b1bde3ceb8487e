import type { DeliverySettings, States } from './asl';
import { choice, query, request, retriesExcept, wait } from './asl';

const says = (words: string) => `$contains($problem, '${words}')`;

/** CloudFormation's answer to a request that it does not fulfil. Anything else may have been fulfilled, such as a request whose answer was lost. */
const REFUSED = 'CloudFormation.CloudFormationException';

/** AWS has no time for the request now, or the stack is busy with another: both pass. */
const PASSES = [says('Rate exceeded'), says('can not be updated'), says('Status Code: 5')].join(' or ');

const READY = ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'IMPORT_COMPLETE', 'IMPORT_ROLLBACK_COMPLETE'];

/** No answer arrived, in all attempts. */
const UNANSWERED = says('Unable to execute HTTP request');

/** The stack was never deployed: its first deployment will read the parameters. */
const NEVER_DEPLOYED = ['REVIEW_IN_PROGRESS', 'ROLLBACK_COMPLETE', 'DELETE_COMPLETE'];

/** The versions of this delivery's models that a stack serves, by its outputs. */
const served = '[$stack.Outputs[$contains(OutputKey, $output) and $contains(OutputValue, $settings.serveParameterName)].$parse(OutputValue)[delivery = $settings.serveParameterName].'
  + '{\'stack\': $queue[$at], \'model\': model, \'bucket\': bucket, \'manifestKey\': manifestKey, \'manifestSha256\': manifestSha256}]';

/** The error for a stack that CloudFormation would update with the permissions of the delivery, which may change none of its resources. */
const NO_ROLE = '\'the stack has no execution role, so CloudFormation would change its resources as this delivery, which may not: deploy it with a synthesizer '
  + 'that has one, such as the default one of the CDK, or take it out of stackNames\'';

/** Step Functions spells members as the AWS SDK for Java does, which has both spellings of other members. */
const HAS_ROLE = '($exists($stack.RoleARN) or $exists($stack.RoleArn))';

/**
 * Tells whether a stack has the values that are restored, so that nothing has to be done: this delivery has not touched it, nor one that was stopped, nor a
 * deployment by somebody in the meantime. An update that changes no model would still fetch other parameters anew, such as of machine images.
 */
const IS_AS_BEFORE = `$phase = 'restore' and $not($queue[$at] in $done) and $not($contains($status, /_IN_PROGRESS$/)) and ${[
  ['sourceParameterName', 'previousSource'], ['serveParameterName', 'previousServe'],
].map(([name, value]) => `$exists($stack.Parameters[ParameterValue = $settings.${name} and ResolvedValue = $${value}])`).join(' and ')}`;

/** Time of the stack's last update; CloudFormation may still answer with what it was before an update that has begun. */
const LAST_UPDATED = '$exists($states.result.Stacks[0].LastUpdatedTime) ? $states.result.Stacks[0].LastUpdatedTime : \'never\'';

/** A look at a stack writes nine events into the history. */
const LATER_SECONDS = 20;

const isIn = (states: string[]) => `$status in [${states.map((state) => `'${state}'`).join(', ')}]`;

/**
 * Writes the parameters and updates the stacks one after another; restores all if one fails.
 *
 * Begins with `Prepare`. Ends in `Conclude` with the variable `outcome`, or in `TellStuck`.
 */
export function updateStates(settings: DeliverySettings): States {
  return { ...phaseStates(settings), ...stackStates(settings), ...pollStates(settings) };
}

function phaseStates(settings: DeliverySettings): States {
  const { sourceParameterName, serveParameterName, stackNames, partition, reasonFunctionArn } = settings;
  return {
    // A deployment by a person that reads the parameters between the two writes must get something that has served or is to serve.
    Prepare: {
      Type: 'Pass',
      Assign: {
        phase: 'deliver',
        delivered: query('$keepsSource ? $previousSource : $version'),
        queue: stackNames,
        at: 0,
        first: { Name: sourceParameterName, Value: query('$keepsSource ? $previousSource : $version') },
        second: { Name: serveParameterName, Value: query('$askedServe') },
      },
      Next: 'DescribeStack',
    },
    NextStack: { Type: 'Pass', Assign: { at: query('$at + 1') }, Next: 'IsLast' },
    IsLast: choice(
      { Next: 'Conclude', Assign: { outcome: query('$phase = \'deliver\' ? \'DELIVERED\' : \'ROLLED_BACK\'') } },
      { when: '$at < $count($queue)', next: 'DescribeStack' },
    ),
    Failed: choice('FindReason', { when: '$phase = \'restore\'', next: 'TellStuck' }),
    FindReason: {
      Type: 'Task',
      Resource: `arn:${partition}:states:::lambda:invoke`,
      Arguments: { FunctionName: reasonFunctionArn, Payload: { stackName: query('$queue[$at]') } },
      Assign: { reason: query('$states.result.Payload.reason') },
      Retry: retriesExcept(),
      Catch: [{ ErrorEquals: ['States.ALL'], Assign: { reason: 'The reason could not be read: see the events of the stack' }, Next: 'Restore' }],
      Next: 'Restore',
    },
    Restore: {
      Type: 'Pass',
      Assign: {
        failedStack: query('$queue[$at]'),
        phase: 'restore',
        queue: query('[$append($reverse($done), $stackNames[$not($ in $done)])]'),
        at: -1,
        isUpdatable: false,
        first: { Name: serveParameterName, Value: query('$previousServe') },
        second: { Name: sourceParameterName, Value: query('$previousSource') },
      },
      Next: 'WriteFirst',
    },
  };
}

const caught = (next: string) => [{ ErrorEquals: ['States.ALL'], Assign: { problem: query('$states.errorOutput.Cause') }, Next: next }];

function stackStates(settings: DeliverySettings): States {
  const write = (parameter: string, next: string) => request(settings, 'ssm:putParameter', {
    Arguments: { Name: query(`$${parameter}.Name`), Value: query(`$${parameter}.Value`), Type: 'String', Overwrite: true },
    Retry: retriesExcept(),
    Catch: caught('NotUpdated'),
    Next: next,
  });
  return {
    DescribeStack: request(settings, 'cloudformation:describeStacks', {
      Arguments: { StackName: query('$queue[$at]') },
      Assign: { stack: query('$states.result.Stacks[0]'), status: query('$states.result.Stacks[0].StackStatus'), lastUpdated: query(LAST_UPDATED) },
      Retry: retriesExcept(REFUSED),
      Catch: caught('IsMissing'),
      Next: 'IsReady',
    }),
    IsMissing: choice(
      { Next: 'TellStuck', Assign: { reason: query('$problem') } },
      { when: says('does not exist'), assign: { status: 'DELETE_COMPLETE' }, next: 'IsReady' },
      { when: `${PASSES} or ${UNANSWERED}`, next: 'WaitForStack' },
    ),
    IsReady: choice(
      { Next: 'TellStuck', Assign: { reason: query('\'the stack has the status \' & $status & \' and cannot be updated: a person must bring it back first\'') } },
      { when: IS_AS_BEFORE, next: 'NextStack' },
      { when: `${isIn(READY)} and $not(${HAS_ROLE})`, assign: { problem: query(NO_ROLE) }, next: 'NotUpdated' },
      { when: isIn(READY), assign: { isUpdatable: true, found: query(`$foundAt = $at ? $found : ${served}`), foundAt: query('$at') }, next: 'WriteFirst' },
      { when: isIn(NEVER_DEPLOYED), assign: { isUpdatable: false, skipped: query('$phase = \'deliver\' ? [$append($skipped, $queue[$at])] : $skipped') }, next: 'WriteFirst' },
      { when: '$contains($status, /_IN_PROGRESS$/)', next: 'WaitForStack' },
    ),
    WaitForStack: wait(settings, LATER_SECONDS, 'DescribeStack'),
    WriteFirst: write('first', 'WriteSecond'),
    WriteSecond: write('second', 'IsUpdatable'),
    IsUpdatable: choice('NextStack', { when: '$isUpdatable', next: 'UpdateStack' }),
    UpdateStack: request(settings, 'cloudformation:updateStack', {
      Arguments: {
        StackName: query('$queue[$at]'),
        UsePreviousTemplate: true,
        // CloudFormation keeps the names of the SSM parameters, and fetches their values anew.
        Parameters: query('[$stack.Parameters.{\'ParameterKey\': ParameterKey, \'UsePreviousValue\': true}]'),
        Capabilities: query('[$stack.Capabilities]'),
      },
      Retry: retriesExcept(REFUSED),
      Catch: caught('IsUnchanged'),
      Next: 'WaitForUpdate',
    }),
    IsUnchanged: choice(
      'NotUpdated',
      { when: says('No updates are to be performed'), next: 'Updated' },
      // Without an answer the update may have begun: then it is waited for, and made once more in vain.
      { when: `${PASSES} or ${UNANSWERED}`, next: 'WaitForStack' },
    ),
    NotUpdated: choice(
      { Next: 'Restore', Assign: { reason: query('$problem') } },
      { when: '$phase = \'restore\'', assign: { reason: query('$problem') }, next: 'TellStuck' },
    ),
  };
}

function pollStates(settings: DeliverySettings): States {
  return {
    WaitForUpdate: wait(settings, LATER_SECONDS, 'PollStack'),
    PollStack: request(settings, 'cloudformation:describeStacks', {
      Arguments: { StackName: query('$queue[$at]') },
      Assign: { stack: query('$states.result.Stacks[0]'), status: query('$states.result.Stacks[0].StackStatus'), updated: query(LAST_UPDATED) },
      Retry: retriesExcept(REFUSED),
      Catch: caught('IsPollable'),
      Next: 'IsUpdated',
    }),
    // The update goes on, whether CloudFormation answers or not.
    IsPollable: choice({ Next: 'TellStuck', Assign: { reason: query('$problem') } }, { when: `${PASSES} or ${UNANSWERED}`, next: 'WaitForUpdate' }),
    IsUpdated: choice(
      { Next: 'TellStuck', Assign: { reason: query('\'the update of the stack ended with the status \' & $status & \': a person must bring it back\'') } },
      { when: `${isIn(READY)} and $updated = $lastUpdated`, next: 'WaitForUpdate' },
      { when: '$status = \'UPDATE_COMPLETE\'', next: 'Updated' },
      { when: '$status = \'UPDATE_ROLLBACK_COMPLETE\'', next: 'Failed' },
      { when: '$contains($status, /_IN_PROGRESS$/)', next: 'WaitForUpdate' },
    ),
    Updated: {
      Type: 'Pass',
      Assign: {
        done: query('[$append($done, $queue[$at])]'),
        before: query('$phase = \'deliver\' ? [$append($before, $found)] : $before'),
        live: query(`$phase = 'deliver' ? [$append($live, ${served})] : []`),
      },
      Next: 'NextStack',
    },
  };
}
