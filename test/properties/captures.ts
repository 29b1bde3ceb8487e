import { Duration } from 'aws-cdk-lib';
import { RequestCapture } from '../../lib';
import { oneOf } from './arbitraries';

export const captures = oneOf<RequestCapture | undefined>(
  () => RequestCapture.sampled({ rate: 0.5, retention: Duration.days(45) }),
  () => RequestCapture.sampled({ rate: 1, retention: Duration.days(1), redact: ['image'] }),
  () => RequestCapture.sampled({ rate: 5, retention: Duration.hours(1) }),
);
