import { readFileSync } from 'fs';
import { Token } from 'aws-cdk-lib';
import { packagePath } from '../private/asset-paths';

/** Returns every problem of the operations that a model may have although they act on more than the model. */
export function allowedOperationProblems(operations: string[] | undefined): string[] {
  if (operations === undefined || Token.isUnresolved(operations)) {
    return [];
  }
  if (operations.length === 0) {
    return ['allowedOperations must name at least one operation, got []: leave it out to allow none'];
  }
  const refused = refusedOperations();
  const known = operations.filter((operation) => !Token.isUnresolved(operation));
  const unknown = known.filter((operation) => !refused.includes(operation));
  const twice = known.filter((operation, index) => known.indexOf(operation) !== index);
  return [
    ...unknown.map((operation) => `allowedOperations names ${JSON.stringify(operation)}, which is no operation of TensorFlow that acts on more than its model`
      + `${suggestion(operation, refused)}: leave it out`),
    ...twice.map((operation) => `allowedOperations names ${JSON.stringify(operation)} twice: leave one of them out`),
  ];
}

function suggestion(operation: string, refused: string[]): string {
  const alike = refused.filter((name) => name.toLowerCase() === operation.toLowerCase() || name.replace(/V\d$/, '') === operation.replace(/V\d$/, ''));
  return alike.length === 0 ? ' and needs no permission' : ` (${alike.join(', ')} ${alike.length === 1 ? 'is' : 'are'})`;
}

/** The optimizer's own list, for the TensorFlow that it pins. */
function refusedOperations(): string[] {
  const file = packagePath('optimizer', 'src', 'tensorflow_optimizer', 'signatures', 'side_effects.json');
  const { effects } = JSON.parse(readFileSync(file, 'utf8')) as { effects: { operations: string[] }[] };
  return effects.flatMap(({ operations }) => operations);
}
