import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { EvaluationData, ModelFunction, ModelSource } from 'cdk-tensorflow';

const stack = new Stack(new App(), 'DigitsOnLambda');

const digits = new ModelFunction(stack, 'Digits', {
  model: ModelSource.fromAsset('../../digits/saved_model'),
  evaluation: EvaluationData.fromAsset('../../digits/evaluation.npz'),
});

new CfnOutput(stack, 'FunctionName', { value: digits.alias.functionArn });
new CfnOutput(stack, 'Url', { value: digits.addFunctionUrl().url });
