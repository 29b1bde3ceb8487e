import { Duration } from 'aws-cdk-lib';
import type { ReplayOptions } from '../../lib';
import { RequestCapture } from '../../lib';
import { oneOf } from './arbitraries';

export const captures = oneOf<RequestCapture | undefined>(
  () => RequestCapture.sampled({ rate: 0.5, retention: Duration.days(45) }),
  () => RequestCapture.sampled({ rate: 1, retention: Duration.days(1), redact: ['image'] }),
  () => RequestCapture.sampled({ rate: 5, retention: Duration.hours(1) }),
);

export const replays = oneOf<ReplayOptions | undefined>(
  () => ({}), () => ({ maxDisagreement: 0.1 }), () => ({ requests: 0.5, maxRelativeError: -1, acceptVersion: 'x' }),
);
