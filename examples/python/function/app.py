"""A digit classifier on AWS Lambda."""

from aws_cdk import App, CfnOutput, Stack
from cdk_tensorflow import EvaluationData, ModelFunction, ModelSource

app = App()
stack = Stack(app, "DigitsOnLambda")

digits = ModelFunction(
    stack,
    "Digits",
    model=ModelSource.from_asset("../../digits/saved_model"),
    evaluation=EvaluationData.from_asset("../../digits/evaluation.npz"),
)

CfnOutput(stack, "FunctionName", value=digits.alias.function_arn)
CfnOutput(stack, "Url", value=digits.add_function_url().url)

app.synth()
