import { Duration, Lazy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Rollout } from '../../lib';
import { oneOf } from './arbitraries';

/** Ways in which a new version takes over, possible and impossible ones. */
export const rollouts = oneOf<Rollout | undefined>(
  () => Rollout.allAtOnce(),
  () => Rollout.canary({ percent: 10, bake: Duration.minutes(5) }),
  (scope) => Rollout.canary({
    percent: 33, bake: Duration.minutes(7), alarms: [cloudwatch.Alarm.fromAlarmArn(scope, 'AnyAlarm', 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:any')],
  }),
  () => Rollout.canary({ percent: 0, bake: Duration.seconds(1), maxErrorRate: 2, maxLatency: Duration.millis(0), alarms: [] }),
  () => Rollout.canary({ percent: Lazy.number({ produce: () => 5 }), bake: Duration.minutes(5) }),
  () => Rollout.linear({ percent: 10, interval: Duration.minutes(1), maxLatency: Duration.millis(100) }),
  () => Rollout.linear({ percent: 200, interval: Duration.days(30) }),
);
