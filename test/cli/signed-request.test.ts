import { LambdaClient } from '@aws-sdk/client-lambda';
import { domainOf } from '../../cli/aws/signed-request';

test.each([
  ['eu-west-1', 'amazonaws.com'],
  ['us-gov-east-1', 'amazonaws.com'],
  ['cn-north-1', 'amazonaws.com.cn'],
  ['eusc-de-east-1', 'amazonaws.eu'],
  ['us-iso-east-1', 'c2s.ic.gov'],
  ['us-isob-east-1', 'sc2s.sgov.gov'],
])('requests of %s go to its partition\'s domain, %s', (region, domain) => {
  expect(domainOf(new LambdaClient({ region }), region)).toBe(domain);
});
