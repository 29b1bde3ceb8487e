"""The consumer app in Python."""

import aws_cdk as cdk
from alarms import alarm
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from cdk_tensorflow import (
    ArtifactRetention,
    ChannelOrder,
    CorsOptions,
    Distillation,
    EvaluationData,
    IDeliveredModel,
    ImageInput,
    IModelArtifact,
    IMonitoredEndpoint,
    LayerQuantization,
    LiteRtRuntime,
    ModelAlarms,
    ModelApi,
    ModelApiAuthorizationType,
    ModelApiType,
    ModelArtifact,
    ModelDashboard,
    ModelDelivery,
    ModelFormat,
    ModelFunction,
    ModelHook,
    ModelMonitor,
    ModelOptimizer,
    ModelSource,
    ModelTask,
    OptimizationRecipe,
    OptimizationStep,
    Pruning,
    PruningSchedule,
    PythonBundling,
    QualityGate,
    QualityMetric,
    Quantization,
    QuantizationRecovery,
    RefusalBehavior,
    ReplayOptions,
    RequestCapture,
    ResizeMethod,
    Rollout,
    RuntimeLayer,
    SearchObjective,
    StatefulBehavior,
    Student,
    StudentSize,
    UnsignedVersions,
)
from servers import fleets, services


def functions(stack: cdk.Stack, caller: iam.IPrincipal) -> None:
    """The endpoint on Lambda, with all that stands around it."""
    data = EvaluationData.from_asset("digits/evaluation.npz")
    digits = ModelFunction(
        stack,
        "Digits",
        model=ModelSource.from_asset("digits/saved_model", signature_name="serving_default"),
        evaluation=data,
        recipe=OptimizationRecipe.of(Quantization.dynamic_range()),
        gate=QualityGate.all_of(
            QualityGate.max_accuracy_loss(0.01),
            QualityGate.max_error_increase(0.01),
            QualityGate.max_size(cdk.Size.mebibytes(1)),
            QualityGate.max_latency_ratio(2),
            QualityGate.strict(),
        ),
        labels=["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
        hook=ModelHook.from_asset("hooks/stdlib", check_event_file="hooks/stdlib/event.json"),
        lite_rt_runtime=LiteRtRuntime.NUMPY,
        memory_size=cdk.Size.mebibytes(1024),
        artifact_prefix="digits-of-the-laboratory",
        threads=2,
        timeout=cdk.Duration.seconds(20),
        provisioned_concurrent_executions=1,
        max_provisioned_concurrent_executions=4,
        rollout=Rollout.canary(percent=10, bake=cdk.Duration.minutes(5), max_latency=cdk.Duration.millis(200)),
        bundling=PythonBundling.LOCAL,
    )
    digits.add_function_url()
    digits.on_live("Live", description="Callers get a version")
    digits.on_rolled_back("RolledBack", description="A version was rolled back")
    digits.grant_invoke(caller)
    digits.grant_invoke_url(caller)
    digits.grants.invoke(caller)
    digits.grants.invoke_url(caller)
    alarm(digits.metric_model_load_time(), digits, "LoadTime")
    alarm(digits.metric_model_latency(), digits, "ModelLatency")
    alarm(digits.metric_failures(), digits, "Failures")

    endpoint: IMonitoredEndpoint = digits
    alarm(endpoint.metric_invocations(), digits, "Invocations")
    alarm(endpoint.metric_errors(), digits, "Errors")
    alarm(endpoint.metric_latency(), digits, "Latency")
    ModelAlarms(stack, "Alarms", endpoint=endpoint, max_latency=cdk.Duration.millis(200))
    ModelDashboard(stack, "Dashboard", endpoints=[endpoint])
    captured = s3.Bucket.from_bucket_name(stack, "Captured", "requests-of-the-laboratory")
    monitor = ModelMonitor(stack, "Monitor", endpoint=endpoint, capture_bucket=captured, period=cdk.Duration.hours(12))
    monitor.on_drift("Drifted", description="Requests have drifted")
    alarm(monitor.metric_drifted_features(), monitor, "DriftedFeatures")
    alarm(monitor.metric_stability_index(), monitor, "StabilityIndex")
    alarm(monitor.metric_divergence(), monitor, "Divergence")
    alarm(monitor.metric_compared_samples(), monitor, "ComparedSamples")

    steps: list[OptimizationStep] = [
        Quantization.float16(),
        Quantization.full_integer(),
        Pruning.magnitude(sparsity=0.5, schedule=PruningSchedule.GRADUAL),
    ]
    searched = ModelFunction(
        stack,
        "Searched",
        model=ModelSource.from_asset("digits/saved_model", stateful=StatefulBehavior.RESET_PER_REQUEST),
        evaluation=data,
        recipe=OptimizationRecipe.search(objective=SearchObjective.SIZE, steps=steps, max_trials=4),
        lite_rt_runtime=LiteRtRuntime.NUMPY,
        capture=RequestCapture.sampled(rate=0.25, retention=cdk.Duration.days(30)),
        replay=ReplayOptions(max_disagreement=0.05),
        rollout=Rollout.linear(percent=20, interval=cdk.Duration.minutes(2), max_error_rate=0.05),
        bundling=PythonBundling.LOCAL,
    )
    alarm(searched.metric_dropped_captures(), searched, "DroppedCaptures")
    ModelDashboard(stack, "Searching").add_endpoint(searched)
    apis(stack, [digits, searched], caller)


def apis(stack: cdk.Stack, models: list[ModelFunction], caller: iam.IPrincipal) -> None:
    """One API of each type in front of all functions."""
    signed = ModelApi(
        stack,
        "Api",
        models=models,
        api_type=ModelApiType.HTTP,
        api_name="models-of-the-laboratory",
        authorization_type=ModelApiAuthorizationType.IAM,
        cors=CorsOptions(
            allowed_origins=["https://www.example.com"],
            allowed_headers=["content-type", "authorization"],
            max_age=cdk.Duration.hours(1),
        ),
        throttle=apigateway.ThrottleSettings(rate_limit=100, burst_limit=50),
        log_group=logs.LogGroup.from_log_group_name(stack, "AccessLog", "access-of-the-laboratory"),
    )
    api_caller = iam.Role(stack, "ApiCaller", assumed_by=caller)
    signed.grant_invoke(api_caller)
    signed.grants.invoke(api_caller)
    stack.add_metadata("Api", [signed.url, signed.http_api.api_id, signed.log_group.log_group_name])
    keyed = ModelApi(
        stack,
        "KeyedApi",
        models=models,
        api_type=ModelApiType.REST,
        authorization_type=ModelApiAuthorizationType.NONE,
        api_key_required=True,
        usage_plan=apigateway.UsagePlanProps(
            throttle=apigateway.ThrottleSettings(rate_limit=10, burst_limit=20),
            quota=apigateway.QuotaSettings(limit=10_000, period=apigateway.Period.DAY),
        ),
    )
    shop = keyed.add_api_key("Shop", api_key_name="shop")
    ids = [keyed.rest_api.rest_api_id, keyed.usage_plan.usage_plan_id, keyed.api_key.key_id, shop.key_id]
    stack.add_metadata("KeyedApi", [keyed.url, *ids])


def publisher(stack: cdk.Stack, images: cdk.Stack, caller: iam.IGrantable) -> None:
    """Optimizes and publishes, for both formats."""
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "models-of-the-laboratory")
    signing_key = kms.Key.from_key_arn(
        stack, "SigningKey", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    )
    shared = ModelOptimizer(
        stack,
        "Shared",
        model=ModelSource.from_asset(
            "digits/saved_model", stateful=StatefulBehavior.REFUSE, allowed_operations=["ReadFile"]
        ),
        format=ModelFormat.LITERT,
        recipe=OptimizationRecipe.for_lite_rt(),
        pointer_parameter_name="/models/shared",
        on_refusal=RefusalBehavior.KEEP_PREVIOUS,
        attempt=2,
        signing_key=signing_key,
        unsigned_versions=UnsignedVersions.SIGN,
        retention=ArtifactRetention(versions=10, age=cdk.Duration.days(90)),
    )
    shared.grant_start_build(caller)
    shared.grant_read(caller)
    shared.grants.start_build(caller)
    shared.grants.read(caller)
    alarm(shared.metric_failed_builds(), shared, "Failed")
    alarm(shared.metric_refused(), shared, "Refused")
    shared.on_published("Publication", description="A version was published")
    shared.on_refused("Refusal", description="A model was refused")
    shared.on_pruned("Removal", description="Old versions were removed")
    alarm(shared.pruning_function.metric_errors(), shared, "Pruning")
    shared.on_event("Event")
    alarm(shared.metric_build_duration(), shared, "Duration")

    ModelOptimizer(
        stack,
        "Pruned",
        model=ModelSource.from_bucket(bucket, "digits/", revision="1"),
        evaluation=EvaluationData.from_bucket(bucket, "digits.npz", object_version="3"),
        tasks={
            "digit": ModelTask.MULTICLASS,
            "odd": ModelTask.BINARY,
            "tags": ModelTask.MULTILABEL,
            "value": ModelTask.REGRESSION,
        },
        recipe=OptimizationRecipe.of(Pruning.magnitude(sparsity=0.8, schedule=PruningSchedule.AT_ONCE)),
        gate=QualityGate.min_agreement(0.98),
        on_refusal=RefusalBehavior.FAIL,
        signing_key=signing_key,
        unsigned_versions=UnsignedVersions.REFUSE,
    )
    ModelOptimizer(
        stack,
        "Fast",
        model=ModelSource.from_asset("digits/saved_model"),
        evaluation=EvaluationData.from_asset("digits/evaluation.npz"),
        recipe=OptimizationRecipe.search(objective=SearchObjective.LATENCY),
    )
    for index, recover in enumerate((QuantizationRecovery.WITHOUT_TRAINING, QuantizationRecovery.WITH_TRAINING)):
        ModelOptimizer(
            stack,
            f"Recovered{index}",
            model=ModelSource.from_asset("digits/saved_model"),
            evaluation=EvaluationData.from_asset("digits/evaluation.npz"),
            recipe=OptimizationRecipe.of(Quantization.full_integer(recover=recover)),
        )
    ModelOptimizer(
        stack,
        "Mixed",
        model=ModelSource.from_asset("digits/saved_model"),
        evaluation=EvaluationData.from_asset("digits/evaluation.npz"),
        recipe=OptimizationRecipe.search(
            objective=SearchObjective.SIZE,
            steps=[
                Quantization.mixed(
                    all_supported=LayerQuantization.WEIGHT_ONLY_WI8_AFP32,
                    fully_connected=LayerQuantization.DYNAMIC_WI4B32_AFP32,
                    depthwise_conv2d=LayerQuantization.NO_QUANTIZE,
                ),
                Quantization.mixed(
                    all_supported=LayerQuantization.STATIC_WI8_AI8,
                    fully_connected=LayerQuantization.DYNAMIC_WI4B64_AFP32,
                ),
                Quantization.mixed(
                    all_supported=LayerQuantization.DYNAMIC_WI8_AFP32,
                    fully_connected=LayerQuantization.DYNAMIC_WI4B128_AFP32,
                ),
            ],
        ),
        gate=QualityGate.all_of(
            QualityGate.max_loss(QualityMetric.accuracy(), 0.01),
            QualityGate.max_loss(QualityMetric.balanced_accuracy(), 0.02),
            QualityGate.max_loss(QualityMetric.recall(class_index=1), 0.03),
            QualityGate.max_loss(QualityMetric.precision(), 0.03),
            QualityGate.max_loss(QualityMetric.f1(), 0.03),
            QualityGate.max_loss(QualityMetric.area_under_roc_curve(), 0.01),
            QualityGate.max_loss(QualityMetric.top_k(2, output="probabilities"), 0.01),
            QualityGate.max_loss(QualityMetric.mean_absolute_error(), 0.1),
            QualityGate.not_worse_than_serving(metric=QualityMetric.balanced_accuracy(), margin=0.01),
        ),
    )
    inputs = [
        ImageInput.zero_to255(),
        ImageInput.zero_to_one(input="image", resize=ResizeMethod.BILINEAR),
        ImageInput.minus_one_to_one(resize=ResizeMethod.NEAREST),
        ImageInput.caffe(),
        ImageInput.torch(resize=ResizeMethod.BICUBIC, antialias=True),
        ImageInput.linear(scale=[0.5], channel_order=ChannelOrder.RGB),
        ImageInput.linear(scale=[0.5, 0.25, 0.125], offset=[-1.5, 0.5, 1.5], channel_order=ChannelOrder.BGR),
    ]
    for index, image_input in enumerate(inputs):
        model = ModelSource.from_asset("digits/saved_model")
        ModelOptimizer(images, f"Image{index}", model=model, image_input=image_input)
    ModelOptimizer(
        images,
        "Plain",
        model=ModelSource.from_asset("digits/saved_model"),
        recipe=OptimizationRecipe.none(),
        gate=QualityGate.max_relative_error(0.001),
    )
    students = [
        Student.of_size(StudentSize.TINY),
        Student.of_size(StudentSize.SMALL),
        Student.of_size(StudentSize.MEDIUM),
        Student.from_asset("digits/saved_model"),
    ]
    for index, student in enumerate(students):
        ModelOptimizer(
            stack,
            f"Distilled{index}",
            model=ModelSource.from_asset("digits/saved_model"),
            evaluation=EvaluationData.from_asset("digits/evaluation.npz"),
            recipe=OptimizationRecipe.of(Distillation.into(student, temperature=2, epochs=10)),
        )
    ModelOptimizer(
        stack,
        "Served",
        model=ModelSource.from_asset("digits/saved_model"),
        format=ModelFormat.SAVED_MODEL,
        recipe=OptimizationRecipe.for_serving(),
    )


def importer(stack: cdk.Stack, caller: iam.IGrantable) -> None:
    """Models that another stack published."""
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "models-of-another-stack")
    pointed: IModelArtifact = ModelArtifact.from_parameter(
        stack, "Pointer", bucket=bucket, parameter_name="/models/shared", lease=True
    )
    pointed.grant_read(caller)
    ModelFunction(
        stack,
        "Shared",
        model=ModelSource.from_artifact(pointed),
        lite_rt_runtime=LiteRtRuntime.NATIVE,
        capture=RequestCapture.sampled(
            rate=0.01, retention=cdk.Duration.days(7), redact=["image"], stream_name="shared-requests"
        ),
        bundling=PythonBundling.LOCAL,
    )
    published = ModelArtifact.from_bucket(
        stack, "Published", bucket=bucket, manifest_key="digits/litert/3/manifest.json", lease=False
    )
    ModelFunction(
        stack,
        "Pinned",
        model=ModelSource.from_artifact(published),
        lite_rt_runtime=LiteRtRuntime.NATIVE,
        explorer=True,
        bundling=PythonBundling.LOCAL,
    )


def layers(stack: cdk.Stack) -> None:
    """Runtime layers by themselves. Nothing of this stack is bundled, so that it needs no Docker here."""
    stack.node.set_context("aws:cdk:bundling-stacks", [])
    RuntimeLayer.for_native(stack, bundling=PythonBundling.AUTO)
    RuntimeLayer.for_numpy(stack, bundling=PythonBundling.AUTO)
    RuntimeLayer(stack, "Docker", lite_rt_runtime=LiteRtRuntime.NUMPY, bundling=PythonBundling.docker(network="host"))


def deliveries(stack: cdk.Stack, serving: cdk.Stack, caller: iam.IGrantable) -> None:
    """Uploads that become live without a deployment."""
    digits = ModelDelivery(
        stack,
        "Digits",
        key="digits.zip",
        stack_names=["Delivered"],
        parameter_prefix="/models/digits",
        state_machine_name="digits",
        poll_interval=cdk.Duration.seconds(30),
    )
    digits.grant_upload(caller)
    digits.grant_deliver(caller)
    digits.grant_operate(caller)
    digits.grants.upload(caller)
    digits.grants.deliver(caller)
    digits.grants.operate(caller)
    digits.on_event("Event")
    digits.on_delivered("Live")
    digits.on_failed("Failure", description="A model is not live")
    delivery: IDeliveredModel = digits
    ModelOptimizer(serving, "Digits", model=ModelSource.from_delivery(delivery, signature_name="serving_default"))


app = cdk.App()
principal = iam.AccountRootPrincipal()
functions(cdk.Stack(app, "Functions"), principal)
publisher(cdk.Stack(app, "Publisher"), cdk.Stack(app, "Images"), principal)
services(cdk.Stack(app, "Services"))
fleets(cdk.Stack(app, "Fleets"))
importer(cdk.Stack(app, "Importer"), principal)
layers(cdk.Stack(app, "Layers"))
deliveries(cdk.Stack(app, "Delivery"), cdk.Stack(app, "Delivered"), principal)
app.synth()
