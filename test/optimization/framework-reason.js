// Runs the CDK's real provider framework with a handler that fails, and prints what it answers CloudFormation. A process of its own, because the
// limit of stack traces is an option of the interpreter.
const Module = require('module');
const { dirname, join } = require('path');

const load = Module._load;
Module._load = (request, ...rest) => request.startsWith('@aws-sdk/') ? {} : load(request, ...rest);
const runtime = join(dirname(require.resolve('aws-cdk-lib/package.json')), 'custom-resources/lib/provider-framework/runtime');
const outbound = require(`${runtime}/outbound`);
const framework = require(`${runtime}/framework`);

const [payload] = process.argv.slice(2);
outbound.invokeFunction = async () => ({ FunctionError: 'Unhandled', Payload: Buffer.from(payload) });
outbound.httpRequest = async (_options, body) => process.stdout.write(`\n${body}`);
process.env.USER_IS_COMPLETE_FUNCTION_ARN = 'arn:aws:lambda:eu-west-1:111122223333:function:IsComplete';
console.log = () => undefined;

framework.isComplete({
  RequestType: 'Update',
  RequestId: '8f6c1a52-0000-4000-8000-000000000001',
  StackId: 'arn:aws:cloudformation:eu-west-1:111122223333:stack/Application/00000000-0000-4000-8000-000000000000',
  LogicalResourceId: 'DigitsBuild699DCA2C',
  PhysicalResourceId: 'tensorflow-model-0000000000000000',
  ResponseURL: 'https://cloudformation.example/answer?signature',
  ResourceProperties: {},
});
