import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { fleet } from '../fleet/fixtures';
import { stackWith } from '../kubernetes/fixtures';

const NOTE = Match.stringLikeRegexp('a request that the model cannot take fails all requests of its batch');

describe('with batching, requests share the fate of their batch, which a note says', () => {
  test('on a ModelService', () => {
    Annotations.fromStack(stackWith({ batching: true })).hasInfo('/Stack/Digits', NOTE);
    Annotations.fromStack(stackWith()).hasNoInfo('*', NOTE);
  });

  test('on a ModelFleet', () => {
    Annotations.fromStack(fleet({ batching: true }).stack).hasInfo('/Stack/Digits', NOTE);
    Annotations.fromStack(fleet().stack).hasNoInfo('*', NOTE);
  });
});
