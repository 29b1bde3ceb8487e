import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ModelServer } from '../../../lib';
import { checkNativeProgram } from '../../../lib/function/native-runtime-layer';
import { delivery } from './delivery';
import { arm64, capture, traffic } from './function-parts';
import { sandbox, SANDBOX_STACK } from './sandbox';
import { DELIVERED, DELIVERY, FUNCTION } from './stacks';
import type { Trial } from './trial';

/** Trials that cost next to nothing: functions only, then one instance for an hour. First those that tell most. */
export const TRIALS: readonly Trial[] = [
  {
    name: 'delivery',
    stacks: [DELIVERY, DELIVERED],
    means: 'N7: if CloudFormation reads the parameters as its caller, every stack that serves a delivery needs the statement of docs/delivery.md in the '
      + "bootstrap's deploy role, and preflight should ask for it. N9: if the topic has no message, EventBridge does not escape the reason in a template of text, "
      + 'and failureTopic needs one of JSON.',
    run: delivery,
  },
  {
    name: 'arm64',
    stacks: [FUNCTION],
    means: 'N1: if the version check fails with LiteRtStatus 3, LiteRT does not call the `open` of the program (server/src/litert/processors.rs), and arm64 must be '
      + 'refused at synth.',
    missing: () => checkNativeProgram(lambda.Architecture.ARM_64),
    onlyOnAws: 'its functions run on the processor of this machine',
    run: arm64,
  },
  {
    name: 'traffic',
    stacks: [FUNCTION],
    means: 'N6: if Lambda refuses provisioned executions while the alias has weights, rollout and provisionedConcurrentExecutions together must fail at synth. '
      + 'N10: if it hangs, both versions hold executions, and 2 × the number + 1 must be reserved.',
    run: traffic,
  },
  {
    name: 'capture',
    stacks: [FUNCTION],
    means: 'N5: `Could not deliver test message` means that the subscription filter or the stream came before its role worked, and that they must wait for the '
      + 'compatibility resource.',
    run: capture,
  },
  {
    name: 'sandbox',
    stacks: [SANDBOX_STACK],
    means: 'The settings that it names must leave the unit (lib/fleet/systemd-unit.ts), or only TensorFlow Serving\'s; `--server litert` verifies the rest meanwhile.',
    onlyOnAws: "TensorFlow Serving's own program is not there",
    needs: ModelServer.TENSORFLOW_SERVING,
    run: sandbox,
  },
];
