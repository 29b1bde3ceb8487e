"""The consumer app in Python."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from cdk_tensorflow import (
    EvaluationData,
    LiteRtRuntime,
    ModelArtifact,
    ModelFormat,
    ModelFunction,
    ModelOptimizer,
    ModelSource,
    OptimizationRecipe,
    PythonBundling,
    QualityGate,
    Quantization,
    RuntimeLayer,
)

app = cdk.App()

endpoints = cdk.Stack(app, "Endpoints")
digits = ModelFunction(
    endpoints,
    "Digits",
    model=ModelSource.from_asset("digits/saved_model", signature_name="serving_default"),
    evaluation=EvaluationData.from_asset("digits/evaluation.npz"),
    recipe=OptimizationRecipe.of(Quantization.dynamic_range()),
    gate=QualityGate.all_of(QualityGate.max_accuracy_loss(0.01), QualityGate.max_size(cdk.Size.mebibytes(1))),
    memory_size=cdk.Size.mebibytes(1024),
    timeout=cdk.Duration.seconds(20),
    bundling=PythonBundling.LOCAL,
)
digits.add_function_url()
digits.grant_invoke(iam.AccountRootPrincipal())
RuntimeLayer.nano(endpoints, bundling=PythonBundling.LOCAL)

publisher = cdk.Stack(app, "Publisher")
optimizer = ModelOptimizer(
    publisher,
    "Shared",
    model=ModelSource.from_asset("digits/saved_model"),
    model_format=ModelFormat.LITERT,
    recipe=OptimizationRecipe.for_lambda(),
    pointer_parameter_name="/models/shared",
)
optimizer.grant_start_build(iam.AccountRootPrincipal())

importer = cdk.Stack(app, "Importer")
bucket = s3.Bucket.from_bucket_name(importer, "Bucket", "models-of-another-stack")
ModelFunction(
    importer,
    "Shared",
    model=ModelSource.from_artifact(
        ModelArtifact.from_parameter(importer, "Pointer", bucket=bucket, parameter_name="/models/shared")
    ),
    lite_rt_runtime=LiteRtRuntime.NANO,
    bundling=PythonBundling.LOCAL,
)
app.synth()
