import { announcement } from '../../../cli/open/command';
import { parseOpenOptions } from '../../../cli/open/options';

const parse = (...args: string[]) => parseOpenOptions(args, {});

test.each([
  ['https://abc123.lambda-url.eu-west-1.on.aws/', { url: 'https://abc123.lambda-url.eu-west-1.on.aws', signing: { service: 'lambda', region: 'eu-west-1' } }],
  ['https://abc.execute-api.us-gov-west-1.amazonaws.com/prod/', { url: 'https://abc.execute-api.us-gov-west-1.amazonaws.com/prod', signing: { service: 'execute-api', region: 'us-gov-west-1' } }],
  ['https://abc.execute-api.cn-north-1.amazonaws.com.cn', { url: 'https://abc.execute-api.cn-north-1.amazonaws.com.cn', signing: { service: 'execute-api', region: 'cn-north-1' } }],
  ['http://localhost:8501', { url: 'http://localhost:8501' }],
  ['https://lambda-url.eu-west-1.on.aws.example', { url: 'https://lambda-url.eu-west-1.on.aws.example' }],
])('the address %s says whether requests are signed', (address, endpoint) => {
  expect(parse(address)).toEqual(endpoint);
});

test.each([
  ['http://localhost:8501/v1/models/digits', 'http://localhost:8501'],
  ['http://localhost:8501/v1/models/digits:predict', 'http://localhost:8501'],
  ['http://localhost:8501/prod/v1/models/digits/metadata', 'http://localhost:8501/prod'],
  ['http://localhost:8501/v2/models/digits/versions/3/infer', 'http://localhost:8501'],
])('the address %s names the model', (address, url) => {
  expect(parse(address)).toEqual({ url, model: 'digits' });
});

test('options name the model and how to sign', () => {
  expect(parse('https://models.example', '--model', 'digits', '--service', 'execute-api', '--region', 'eu-west-1', '--profile', 'me')).toEqual(
    { url: 'https://models.example', model: 'digits', signing: { service: 'execute-api', region: 'eu-west-1', profile: 'me' } });
  expect(parse('https://abc123.lambda-url.eu-west-1.on.aws', '--unsigned')).toEqual({ url: 'https://abc123.lambda-url.eu-west-1.on.aws' });
  expect(parseOpenOptions(['https://models.example', '--service', 'lambda'], { AWS_REGION: 'eu-west-3' })).toMatchObject({ signing: { region: 'eu-west-3' } });
  expect(parse('--help')).toBeUndefined();
});

test('all problems are told at once', () => {
  expect(() => parse('https://user:word@models.example/?a=b', 'more', '--service', 'ec2', '--unsigned', '--profile', '')).toThrow([
    'the address has a user name or a password, which is not sent: leave it out',
    '"https://user:word@models.example/?a=b" has a query or a fragment, which no request would have: leave it out',
    '--service must be one of lambda, execute-api, got "ec2"',
    '--unsigned signs nothing and --service says for what to sign: give one of them',
    '--profile has no effect, because requests to models.example are not signed: leave it out, or give --service',
    'one address is allowed, got also "more"',
    '--profile must have a value, got ""',
  ].join('\n'));
});

test.each([
  [[], /^give the address of an endpoint, such as https:/],
  [['abc.lambda-url.eu-west-1.on.aws'], /^"abc.lambda-url.eu-west-1.on.aws" must be the address of an endpoint/],
  [['ftp://models.example'], /must be the address/],
  [['http://localhost:8501/v1/models/a', '--model', 'b'], /^the address names the model "a" and --model "b": give one of them$/],
  [['https://models.example', '--service', 'lambda'], /^the address does not name a Region: give --region, or set AWS_REGION$/],
  [['http://localhost:8501', '--region', 'eu-west-1'], /^--region has no effect, because requests to localhost:8501 are not signed/],
])('%j is refused', (args, problem) => {
  expect(() => parse(...args)).toThrow(problem);
});

test('what is printed has the page, the address for clients, and who may use it', () => {
  const text = announcement({ url: 'https://a.example', signing: { service: 'lambda', region: 'eu-west-1' } }, 'http://127.0.0.1:4000/abc/');
  expect(text).toContain('https://a.example, signed for lambda in eu-west-1 with your credentials\n\n');
  expect(text).toContain('  Page          http://127.0.0.1:4000/abc/\n  Base address  http://127.0.0.1:4000/abc\n');
  expect(announcement({ url: 'https://a.example' }, 'http://127.0.0.1:4000/abc/')).toMatch(/^https:\/\/a.example, unsigned\n/);
});
