import { DELIVERED_OUTPUT, LONGEST_PARAMETER } from '../model/delivery-source';
import type { DeliverySettings, States } from './asl';
import { choice, query, request, retriesExcept, wait } from './asl';

const TAKEN = 'DynamoDb.ConditionalCheckFailedException';
const UNKNOWN = 'Sfn.ExecutionDoesNotExistException';

/** The one item of the table: who delivers, what it found before it began, and the last upload that was dealt with. */
const ITEM = { Id: { S: 'delivery' } };
const OWNER = { '#owner': 'Owner' };

/** A look at another delivery writes 28 events into the history. */
const LATER_SECONDS = 60;

/**
 * States that find out whether an execution has anything to do, and wait for its turn: executions deliver one after another.
 *
 * Ends in `Prepare`, with the variables `version`, `keepsSource`, `askedServe`, `previousSource` and `previousServe`; or superseded.
 */
export function turnStates(settings: DeliverySettings): States {
  return { ...askingStates(settings), ...lockStates(settings), ...memoryStates(settings) };
}

function askingStates(settings: DeliverySettings): States {
  const { bucketName, key, stackNames, sourceParameterName, serveParameterName } = settings;
  const named = '$states.input.serve[$exists(bucket) and $exists(manifestKey) and $exists(manifestSha256)]';
  return {
    Ask: {
      Type: 'Pass',
      Assign: {
        // The command line reads it: a later library may add members.
        settings: { schemaVersion: 1, bucket: bucketName, key, stackNames, sourceParameterName, serveParameterName },
        me: query('$states.context.Execution.Id'),
        bucket: bucketName,
        key,
        stackNames,
        isEvent: query('$states.input.event = true'),
        asksServe: query('$exists($states.input.serve)'),
        askedServe: query('$type($states.input.serve) = \'array\' ? $string($states.input.serve) : \'built\''),
        askedVersion: query('$exists($states.input.objectVersion) ? $states.input.objectVersion : \'\''),
        gone: 'none',
        unknown: 'none',
        reason: '',
        failedStack: '',
        skipped: [],
        done: [],
        found: [],
        foundAt: -1,
        before: [],
        live: [],
        output: DELIVERED_OUTPUT,
        unsent: 0,
        attempts: 0,
        polls: 0,
      },
      Next: 'IsInputValid',
    },
    IsInputValid: choice(
      'FindNewest',
      { when: '$type($askedVersion) != \'string\'', next: 'InvalidInput' },
      {
        when: `$asksServe and $states.input.serve != 'built' and ($type($states.input.serve) != 'array' or $count(${named}) = 0 `
          + `or $count(${named}) != $count($states.input.serve))`,
        next: 'InvalidInput',
      },
      { when: `$length($askedServe) > ${LONGEST_PARAMETER}`, next: 'TooManyVersions' },
    ),
    TooManyVersions: {
      Type: 'Fail',
      Error: 'TooManyVersions',
      Cause: query(`'serve names ' & $count($states.input.serve) & ' versions in ' & $length($askedServe) & ' characters, and a parameter takes ${LONGEST_PARAMETER}: `
        + 'divide the models among several deliveries\''),
    },
    InvalidInput: {
      Type: 'Fail',
      Error: 'InvalidInput',
      Cause: 'The input must be {}, {"objectVersion": "…"}, {"serve": "built"} or {"serve": [{"bucket": "…", "manifestKey": "…", "manifestSha256": "…"}]}',
    },
    FindNewest: request(settings, 's3:listObjectVersions', {
      Arguments: { Bucket: bucketName, Prefix: key, MaxKeys: 1 },
      // A key's versions come with the newest first; nothing comes if that is a delete marker.
      Assign: { newest: query('$exists($states.result.Versions[Key = $key]) ? ($states.result.Versions[Key = $key])[0].VersionId : \'\'') },
      Retry: retriesExcept(),
      Next: 'IsNewest',
    }),
    IsNewest: choice(
      {
        Next: 'TakeTurn',
        Assign: {
          version: query('$askedVersion = \'\' ? $newest : $askedVersion'),
          keepsSource: query('$asksServe and $askedVersion = \'\''),
        },
      },
      { when: '$isEvent and $askedVersion != $newest', next: 'Superseded' },
      { when: '$not($asksServe) and $askedVersion = \'\' and $newest = \'\'', next: 'NothingUploaded' },
    ),
    NothingUploaded: { Type: 'Fail', Error: 'NothingUploaded', Cause: `There is no model ${key} in the bucket ${bucketName}: upload one` },
    Superseded: { Type: 'Pass', Output: { outcome: 'SUPERSEDED', objectVersion: query('$askedVersion'), newest: query('$newest') }, End: true },
  };
}

function lockStates(settings: DeliverySettings): States {
  const { tableName } = settings;
  return {
    TakeTurn: request(settings, 'dynamodb:updateItem', {
      Arguments: {
        TableName: tableName,
        Key: ITEM,
        UpdateExpression: 'SET #owner = :me',
        ConditionExpression: 'attribute_not_exists(#owner) OR #owner = :me OR #owner = :gone',
        ExpressionAttributeNames: OWNER,
        ExpressionAttributeValues: { ':me': { S: query('$me') }, ':gone': { S: query('$gone') } },
        ReturnValues: 'ALL_NEW',
      },
      Assign: { memory: query('$states.result.Attributes') },
      Retry: retriesExcept(TAKEN),
      Catch: [{ ErrorEquals: [TAKEN], Next: 'FindOwner' }],
      Next: 'IsHandled',
    }),
    FindOwner: request(settings, 'dynamodb:getItem', {
      Arguments: { TableName: tableName, Key: ITEM, ConsistentRead: true },
      Assign: { owner: query('$exists($states.result.Item.Owner) ? $states.result.Item.Owner.S : \'\'') },
      Retry: retriesExcept(),
      Next: 'HasOwner',
    }),
    HasOwner: choice('DescribeOwner', { when: '$owner = \'\'', next: 'FindNewest' }),
    DescribeOwner: request(settings, 'sfn:describeExecution', {
      Arguments: { ExecutionArn: query('$owner') },
      Assign: { ownerStatus: query('$states.result.Status') },
      Retry: retriesExcept(UNKNOWN),
      // Step Functions knows an execution for 90 days after its end, and perhaps not yet in its first moments: then it is known after the next wait.
      Catch: [{
        ErrorEquals: [UNKNOWN],
        Assign: { ownerStatus: query('$unknown = $owner ? \'GONE\' : \'RUNNING\''), unknown: query('$owner') },
        Next: 'IsOwnerRunning',
      }],
      Next: 'IsOwnerRunning',
    }),
    // One that was stopped or has failed released nothing: what it found before it began is still in the table.
    IsOwnerRunning: choice(
      { Next: 'TakeTurn', Assign: { gone: query('$owner') } },
      { when: '$ownerStatus = \'RUNNING\'', next: 'WaitForTurn' },
    ),
    WaitForTurn: wait(settings, LATER_SECONDS, 'FindNewest'),
  };
}

function memoryStates(settings: DeliverySettings): States {
  const { tableName, sourceParameterName, serveParameterName } = settings;
  const read = (parameterName: string, variable: string, next: string) => request(settings, 'ssm:getParameter', {
    Arguments: { Name: parameterName },
    Assign: { [variable]: query('$states.result.Parameter.Value') },
    Retry: retriesExcept(),
    Next: next,
  });
  // A request whose answer was lost is repeated: by then, the turn may be another execution's.
  const release = (UpdateExpression: string, next: string) => request(settings, 'dynamodb:updateItem', {
    Arguments: {
      TableName: tableName,
      Key: ITEM,
      UpdateExpression,
      ConditionExpression: '#owner = :me',
      ExpressionAttributeNames: OWNER,
      ExpressionAttributeValues: { ':me': { S: query('$me') } },
    },
    Retry: retriesExcept(TAKEN),
    Catch: [{ ErrorEquals: [TAKEN], Next: next }],
    Next: next,
  });
  return {
    IsHandled: choice(
      'ReadSource',
      // EventBridge delivers an event at least once.
      { when: '$isEvent and $exists($memory.Handled) and $memory.Handled.S = $askedVersion', next: 'GiveUpTurn' },
      {
        when: '$exists($memory.PreviousSource)',
        assign: { previousSource: query('$memory.PreviousSource.S'), previousServe: query('$memory.PreviousServe.S') },
        next: 'Prepare',
      },
    ),
    GiveUpTurn: release('REMOVE #owner', 'Superseded'),
    ReadSource: read(sourceParameterName, 'previousSource', 'ReadServe'),
    ReadServe: read(serveParameterName, 'previousServe', 'Remember'),
    Remember: request(settings, 'dynamodb:updateItem', {
      Arguments: {
        TableName: tableName,
        Key: ITEM,
        UpdateExpression: 'SET PreviousSource = :source, PreviousServe = :serve',
        ExpressionAttributeValues: { ':source': { S: query('$previousSource') }, ':serve': { S: query('$previousServe') } },
      },
      Retry: retriesExcept(),
      Next: 'Prepare',
    }),
    // Before the outcome is told: if the execution is stopped afterwards, the next one must not go back behind what was delivered, and an event that comes
    // twice must not deliver again what was rolled back. A delivery on demand of an older upload leaves what was dealt with: an event of the newest one may
    // still come.
    Conclude: request(settings, 'dynamodb:updateItem', {
      Arguments: {
        TableName: tableName,
        Key: ITEM,
        UpdateExpression: 'SET Handled = :handled, PreviousSource = :source, PreviousServe = :serve',
        ExpressionAttributeValues: {
          ':handled': { S: query('$not($keepsSource) and $version = $newest ? $version : $exists($memory.Handled) ? $memory.Handled.S : \'none\'') },
          ':source': { S: query('$outcome = \'DELIVERED\' ? $delivered : $previousSource') },
          ':serve': { S: query('$outcome = \'DELIVERED\' ? $askedServe : $previousServe') },
        },
      },
      Retry: retriesExcept(),
      Next: 'Tell',
    }),
    GiveTurn: release('REMOVE #owner, PreviousSource, PreviousServe', 'IsTold'),
  };
}
