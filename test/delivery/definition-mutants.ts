/* Faults that a delivery's definition could have, each with the invariants of `schedules/invariants.py` that may show it first. */

const UNASKED = 'nothing that was refused or rolled back serves again unasked';
const NEWEST = 'the newest accepted upload serves in the end';
const AGREE = 'parameters, stacks and history agree';
const TURNS = 'deliveries take turns';
const TOLD = 'every outcome is told';
const ENDS = 'every delivery ends';

type States = Record<string, any>;

export interface Mutant {
  readonly name: string;
  readonly shows: string[];
  readonly change: (states: States) => void;
}

const withoutRule = (state: any, words: string) => {
  const kept = state.Choices.filter(({ Condition }: any) => !Condition.includes(words));
  if (kept.length !== state.Choices.length - 1) {
    throw new Error(`${words} is in the conditions of ${state.Choices.length - kept.length} rules`);
  }
  state.Choices = kept;
};

export const MUTANTS: Mutant[] = [
  { name: 'everybody takes the turn', shows: [TURNS], change: ({ TakeTurn }) => { delete TakeTurn.Arguments.ConditionExpression; } },
  { name: 'the turn of an execution that runs is taken over', shows: [TURNS], change: ({ IsOwnerRunning }) => withoutRule(IsOwnerRunning, 'RUNNING') },
  {
    name: 'an execution that is not known yet counts as gone',
    shows: [TURNS],
    change: ({ DescribeOwner }) => { DescribeOwner.Catch[0].Assign.ownerStatus = 'GONE'; },
  },
  {
    name: 'a turn is given away that is another\'s',
    shows: [TURNS],
    change: ({ GiveTurn }) => { delete GiveTurn.Arguments.ConditionExpression; },
  },
  { name: 'nobody looks for a newer upload after a wait', shows: [NEWEST, AGREE, UNASKED], change: ({ WaitForTurn }) => { WaitForTurn.Next = 'TakeTurn'; } },
  { name: 'an event of an older upload is delivered', shows: [NEWEST, AGREE, UNASKED], change: ({ IsNewest }) => withoutRule(IsNewest, '$isEvent and') },
  { name: 'an event that comes twice is delivered twice', shows: [UNASKED], change: ({ IsHandled }) => withoutRule(IsHandled, '$isEvent and') },
  {
    name: 'nothing is remembered as dealt with',
    shows: [UNASKED],
    change: ({ Conclude }) => { Conclude.Arguments.ExpressionAttributeValues[':handled'] = { S: 'none' }; },
  },
  { name: 'what was before is not remembered', shows: [AGREE, ENDS], change: ({ ReadServe }) => { ReadServe.Next = 'Prepare'; } },
  { name: 'what a stopped execution has remembered is not read', shows: [AGREE, ENDS], change: ({ IsHandled }) => withoutRule(IsHandled, '$exists($memory.PreviousSource)') },
  { name: 'what was before stays remembered', shows: [AGREE, ENDS, UNASKED], change: ({ GiveTurn }) => { GiveTurn.Arguments.UpdateExpression = 'REMOVE #owner'; } },
  { name: 'an outcome is told before it is remembered', shows: [AGREE, UNASKED], change: ({ IsLast, Conclude, Tell, IsSent }) => { [IsLast.Default, IsSent.Default, Tell.Catch[0].Next, Conclude.Next] = ['Tell', 'Conclude', 'Conclude', 'GiveTurn']; } },
  { name: 'the outcome is not told', shows: [TOLD, AGREE], change: ({ Conclude }) => { Conclude.Next = 'GiveTurn'; } },
  { name: 'a stack that was rolled back counts as updated', shows: [AGREE], change: ({ IsUpdated }) => { IsUpdated.Choices.find(({ Next }: any) => Next === 'Failed').Next = 'Updated'; } },
  { name: 'a look that is older than the update counts', shows: [AGREE], change: ({ IsUpdated }) => withoutRule(IsUpdated, '$updated = $lastUpdated') },
  { name: 'the second parameter is not written', shows: [AGREE], change: ({ WriteFirst }) => { WriteFirst.Next = 'IsUpdatable'; } },
  { name: 'the parameters are not restored', shows: [AGREE], change: ({ Restore }) => { Restore.Next = 'NextStack'; } },
  { name: 'the stacks are not restored', shows: [AGREE, UNASKED], change: ({ Restore }) => { Restore.Assign.queue = []; } },
  { name: 'only stacks of this execution are restored', shows: [AGREE, UNASKED], change: ({ Restore }) => { Restore.Assign.queue = '{% [$reverse($done)] %}'; } },
  { name: 'the stacks before the one that failed are not restored', shows: [AGREE, UNASKED], change: ({ Restore }) => { Restore.Assign.queue = '{% [$stackNames[$not($ in $done)]] %}'; } },
  { name: 'only the first stack is updated', shows: [AGREE], change: ({ IsLast }) => { IsLast.Choices[0].Condition = '{% $at < 1 %}'; } },
  { name: 'a stack that is busy ends a delivery', shows: [NEWEST], change: ({ IsUnchanged }) => withoutRule(IsUnchanged, 'can not be updated') },
];

/** The definition with one fault. */
export function mutated(definition: any, { name, change }: Mutant): any {
  const copy = JSON.parse(JSON.stringify(definition));
  change(copy.States);
  if (JSON.stringify(copy) === JSON.stringify(definition)) {
    throw new Error(`${name}: nothing was changed`);
  }
  return copy;
}
