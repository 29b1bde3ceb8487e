import { parsePredictOptions } from '../../../cli/predict/options';
import { servedModel } from '../../../cli/predict/served-model';
import { standingEndpoint } from '../../../lab/stand_ins/endpoint';

const FUNCTION = 'https://abc123.lambda-url.eu-west-1.on.aws';

describe('arguments', () => {
  test('of this package are taken out, and the others stay in their order', () => {
    expect(parsePredictOptions(['stack:Digits.Url', 'rows.csv', '--json', '--model', 'digits', '--compare', `${FUNCTION}/v1/models/digits`, '--profile=me', '--unsigned'])).toEqual({
      options: { model: 'digits', profile: 'me', unsigned: true },
      targets: ['stack:Digits.Url', `${FUNCTION}/v1/models/digits`],
      rest: ['stack:Digits.Url', 'rows.csv', '--json', '--compare', `${FUNCTION}/v1/models/digits`],
    });
    expect(parsePredictOptions(['out', 'rows.csv', `--compare=${FUNCTION}`])).toMatchObject({ targets: [FUNCTION], rest: ['out', 'rows.csv', `--compare=${FUNCTION}`] });
  });

  test('that say how to reach a served model are refused without one, and without a value', () => {
    expect(() => parsePredictOptions(['out', 'rows.csv', '--region', 'eu-west-1', '--unsigned', '--model'])).toThrow([
      '--model must have a value, got ""',
      '--region is for a model that is served, and none of the models is an address or begins with stack:: leave it out',
      '--model is for a model that is served, and none of the models is an address or begins with stack:: leave it out',
      '--unsigned is for a model that is served, and none of the models is an address or begins with stack:: leave it out',
    ].join('\n'));
  });
});

describe('an address', () => {
  test.each([
    [`${FUNCTION}/v1/models/digits`, {}, { url: FUNCTION, model: 'digits', signing: { service: 'lambda', region: 'eu-west-1' } }, '/v1/models/digits'],
    [`${FUNCTION}/`, { model: 'digits', unsigned: true }, { url: FUNCTION, model: 'digits' }, '/v1/models/digits'],
    ['http://localhost:8501/v1/models/a%20b/versions/3', {}, { url: 'http://localhost:8501', model: 'a b' }, '/v1/models/a%20b/versions/3'],
    ['http://localhost:8501/v1/models/a/labels/canary', { region: 'eu-west-1', profile: 'me' }, { url: 'http://localhost:8501', model: 'a' }, '/v1/models/a/labels/canary'],
    ['https://models.example/v1/models/a', { service: 'execute-api', region: 'eu-west-1', profile: 'me' },
      { url: 'https://models.example', model: 'a', signing: { service: 'execute-api', region: 'eu-west-1', profile: 'me' } }, '/v1/models/a'],
  ])('%s with %j is asked where it says', async (target, options, endpoint, path) => {
    expect(await servedModel(target, options, {})).toEqual({ target, endpoint, path });
  });

  test.each([
    ['http://localhost:8501', {}, /^http:\/\/localhost:8501: .* does not name a model: give --model NAME/],
    ['http://localhost:8501/v1/models/a', { model: 'b' }, /the address names the model "a" and --model "b": give one of them/],
    ['http://user:word@localhost/v1/models/a', {}, /has a user name or a password/],
    ['https://models.example/v1/models/a', { service: 'ec2' }, /--service must be one of lambda, execute-api/],
    ['https://models.example/v1/models/a', { service: 'lambda' }, /does not name a Region: give --region/],
  ])('%s with %j is refused', async (target, options, sentence) => {
    await expect(servedModel(target, options, {})).rejects.toThrow(sentence);
  });
});

describe('a stack', () => {
  let outputs: Record<string, string>;
  let status: number;
  let cloudFormation: Awaited<ReturnType<typeof standingEndpoint>>;

  beforeEach(async () => {
    [outputs, status] = [{ Url: `${FUNCTION}/`, Name: 'digits', Host: 'a.elb.amazonaws.com' }, 200];
    const members = () => Object.entries(outputs).map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`).join('');
    cloudFormation = await standingEndpoint(() => (status === 200 ? {
      body: '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>'
        + `<StackName>Digits</StackName><Outputs>${members()}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
    } : {
      status, body: '<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id Digits does not exist</Message></Error></ErrorResponse>',
    }));
    Object.assign(process.env, { AWS_ENDPOINT_URL: cloudFormation.url, AWS_ACCESS_KEY_ID: 'AKIDTEST', AWS_SECRET_ACCESS_KEY: 'a secret' });
  });

  afterEach(async () => {
    ['AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].forEach((name) => delete process.env[name]);
    await cloudFormation.close();
  });

  test.each(['stack:Digits.Url', 'stack:Digits'])('%s names the address in its output', async (target) => {
    expect(await servedModel(target, { model: 'digits', region: 'eu-west-1' }, {})).toEqual(
      { target, endpoint: { url: FUNCTION, model: 'digits', signing: { service: 'lambda', region: 'eu-west-1' } }, path: '/v1/models/digits' });
    expect(cloudFormation.received[0].body.toString()).toContain('StackName=Digits');
  });

  test.each([
    ['stack:Digits.Address', /the stack has no output Address; it has Url, Name, Host: name one of them/],
    ['stack:Digits.Host', /the output Host is "a\.elb\.amazonaws\.com", and no address: give the address of the model itself/],
    ['stack:Digits/Url', /must name a stack and one of its outputs, as in stack:Digits\.Url/],
    ['stack:', /must name a stack and one of its outputs/],
  ])('%s is refused', async (target, sentence) => {
    await expect(servedModel(target, { model: 'digits', region: 'eu-west-1' }, {})).rejects.toThrow(sentence);
  });

  test('without an address, or with several, must be told which output', async () => {
    outputs = { Name: 'digits' };
    await expect(servedModel('stack:Digits', { region: 'eu-west-1' }, {})).rejects.toThrow('the stack has no output with an address; it has Name');
    outputs = { A: 'https://a.example', B: 'https://b.example' };
    await expect(servedModel('stack:Digits', { region: 'eu-west-1' }, {})).rejects.toThrow('the stack has several outputs with an address; it has A, B');
  });

  test('that does not exist is told in CloudFormation\'s words, with the way out', async () => {
    status = 400;
    await expect(servedModel('stack:Digits.Url', { model: 'digits', region: 'eu-west-1' }, {})).rejects.toThrow(
      'stack:Digits.Url: CloudFormation does not describe the stack (Stack with id Digits does not exist): look whether the stack is in this account and Region');
  });
});
