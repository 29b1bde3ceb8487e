import { App, CfnOutput, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { EvaluationData, ModelFunction, ModelHook, ModelSource, QualityGate } from '../../lib';
import { hearVersions } from './heard-versions';

/** The app that the end-to-end tests deploy. Everything that a test changes is context. */
const app = new App();
const context = (name: string): string | undefined => app.node.tryGetContext(name);

const stack = new Stack(app, context('stack') ?? 'Endpoint', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
const signingKey = new kms.Key(stack, 'SigningKey', {
  keySpec: kms.KeySpec.ECC_NIST_P256, keyUsage: kms.KeyUsage.SIGN_VERIFY, removalPolicy: RemovalPolicy.DESTROY,
});
const hook = context('hook');
// A model beside the published one: what a function must not serve unnoticed.
const otherModel = context('otherModel');
// A variable of the function that only CloudFormation knows: another value changes no property of the function in the template.
const setting = context('setting') === undefined ? undefined : new ssm.StringParameter(stack, 'Setting', { stringValue: context('setting')! });
const endpoint = new ModelFunction(stack, 'Points', {
  model: ModelSource.fromAsset(context('model')!, { allowedOperations: context('allowedOperations')?.split(',') }),
  evaluation: context('data') ? EvaluationData.fromAsset(context('data')!) : undefined,
  gate: context('maxSizeKibibytes') ? QualityGate.maxSize(Size.kibibytes(Number(context('maxSizeKibibytes')))) : undefined,
  memorySize: context('memorySize') ? Size.mebibytes(Number(context('memorySize'))) : undefined,
  signingKey,
  labels: context('labels')?.split(','),
  hook: hook ? ModelHook.fromAsset(hook, { checkEventFile: `${hook}.json` }) : undefined,
  layers: otherModel ? [new lambda.LayerVersion(stack, 'OtherModel', { code: lambda.Code.fromAsset(otherModel) })] : undefined,
  environment: {
    ...otherModel === undefined ? {} : { MODEL_DIR: '/opt/other/model' },
    ...setting === undefined ? {} : { SETTING: setting.stringValue },
  },
});
const url = endpoint.addFunctionUrl();
if (context('events')) {
  hearVersions(stack, endpoint);
}

new CfnOutput(stack, 'Url', { value: url.url });
new CfnOutput(stack, 'FunctionName', { value: endpoint.lambdaFunction.functionName });
new CfnOutput(stack, 'ArtifactBucket', { value: endpoint.artifact.bucket.bucketName });
new CfnOutput(stack, 'SigningKeyArn', { value: signingKey.keyArn });
new CfnOutput(stack, 'Version', { value: endpoint.optimizer!.version });
