"""The consumer app in Python."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from cdk_tensorflow import (
    Distillation,
    EvaluationData,
    Graph,
    IDeliveredModel,
    IModelArtifact,
    IModelEndpoint,
    IMonitoredEndpoint,
    LiteRtRuntime,
    MissingCpuFeatures,
    ModelAlarms,
    ModelArtifact,
    ModelDashboard,
    ModelDelivery,
    ModelFleet,
    ModelFormat,
    ModelFunction,
    ModelHook,
    ModelMonitor,
    ModelOptimizer,
    ModelServer,
    ModelService,
    ModelSource,
    ModelStorage,
    ModelTask,
    OptimizationRecipe,
    OptimizationStep,
    Pruning,
    PruningSchedule,
    PythonBundling,
    QualityGate,
    Quantization,
    RefusalBehavior,
    ReplayOptions,
    RequestCapture,
    Rollout,
    RuntimeLayer,
    SearchObjective,
    ServingBinary,
    ServingImage,
    StatefulBehavior,
    Student,
    StudentSize,
    UnsignedVersions,
)
from constructs import Construct


def functions(stack: cdk.Stack, caller: iam.IGrantable) -> None:
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
    digits.grant_invoke(caller)
    digits.grant_invoke_url(caller)
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


def publisher(stack: cdk.Stack, caller: iam.IGrantable) -> None:
    """Optimizes and publishes, for both formats."""
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "models-of-the-laboratory")
    signing_key = kms.Key.from_key_arn(
        stack, "SigningKey", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    )
    shared = ModelOptimizer(
        stack,
        "Shared",
        model=ModelSource.from_asset("digits/saved_model", stateful=StatefulBehavior.REFUSE),
        format=ModelFormat.LITERT,
        recipe=OptimizationRecipe.for_lite_rt(),
        pointer_parameter_name="/models/shared",
        on_refusal=RefusalBehavior.KEEP_PREVIOUS,
        attempt=2,
        signing_key=signing_key,
        unsigned_versions=UnsignedVersions.SIGN,
    )
    shared.grant_start_build(caller)
    shared.grant_read(caller)
    alarm(shared.metric_failed_builds(), shared, "Failed")
    alarm(shared.metric_refused(), shared, "Refused")
    shared.on_published("Publication", description="A version was published")
    shared.on_refused("Refusal", description="A model was refused")
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
    ModelOptimizer(
        stack,
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


def services(stack: cdk.Stack) -> None:
    """The endpoint on Kubernetes, in a cluster that exists already."""
    cluster = eks.Cluster.from_cluster_attributes(
        stack,
        "Cluster",
        cluster_name="models",
        cluster_security_group_id="sg-0123456789abcdef0",
        kubectl_provider=eks.KubectlProvider.from_kubectl_provider_attributes(
            stack, "Kubectl", service_token=stack.format_arn(service="lambda", resource="function:kubectl")
        ),
    )
    mounted = ModelService(
        stack,
        "Mounted",
        cluster=cluster,
        model=ModelSource.from_asset("digits/saved_model"),
        recipe=OptimizationRecipe.of(Graph.freeze()),
        model_storage=ModelStorage.MOUNTPOINT,
        pod_labels={"tier": "serving"},
        pod_annotations={"karpenter.sh/do-not-disrupt": "true"},
        extra_containers=[
            {"name": "agent", "image": "agent:1", "volumeMounts": [{"name": "spool", "mountPath": "/spool"}]}
        ],
        extra_volumes=[{"name": "spool", "emptyDir": {}}],
        serving_image=ServingImage.from_registry("tensorflow/serving:2.20.0"),
        replicas=2,
        environment={"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "1"},
        internal_load_balancer=True,
        load_balancer_source_ranges=["10.0.0.0/16"],
        min_ready_time=cdk.Duration.minutes(2),
        removal_policy=cdk.RemovalPolicy.RETAIN,
        adopt_existing=True,
    )
    mounted.connections.allow_default_port_from(ec2.Peer.ipv4("10.0.0.0/16"))

    ModelService(
        stack,
        "Copied",
        cluster=cluster,
        model=ModelSource.from_asset("digits/saved_model"),
        recipe=OptimizationRecipe.of(Graph.strip()),
        model_storage=ModelStorage.COPY,
        serving_image=ServingImage.from_ecr_repository(
            ecr.Repository.from_repository_name(stack, "Repository", "serving"), "2.20.0"
        ),
        max_replicas=6,
        rollout=Rollout.all_at_once(),
        batching=True,
    )
    bundled = ModelService(
        stack,
        "Bundled",
        cluster=cluster,
        model=ModelSource.from_artifact(mounted.artifact),
        serving_image=ServingImage.from_asset("serving", file="Dockerfile"),
        apply_manifests=False,
    )
    bundled.to_yaml()
    endpoint: IModelEndpoint = bundled
    stack.add_metadata("Bundled", endpoint.model_name)


def fleets(stack: cdk.Stack) -> None:
    """The endpoint on virtual machines."""
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        vpc_cidr_block="10.0.0.0/16",
        availability_zones=["eu-central-1a", "eu-central-1b"],
        private_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        private_subnet_route_table_ids=["rtb-0123456789abcdef0", "rtb-0123456789abcdef1"],
    )
    machine_image = ec2.MachineImage.latest_amazon_linux2023()
    taken = ModelFleet(
        stack,
        "Taken",
        vpc=vpc,
        machine_image=machine_image,
        model=ModelSource.from_asset("digits/saved_model"),
        recipe=OptimizationRecipe.of(Quantization.bfloat16()),
        evaluation=EvaluationData.from_asset("digits/evaluation.npz"),
        serving_binary=ServingBinary.from_image(ServingImage.from_registry("tensorflow/serving:2.20.0")),
        missing_cpu_features=MissingCpuFeatures.REFUSE,
        embedded_metrics=True,
    )
    taken.connections.allow_default_port_from(ec2.Peer.ipv4(vpc.vpc_cidr_block))
    alarm(taken.metric_new_connections(), taken, "Connections")
    alarm(taken.metric_unhealthy_instances(), taken, "Unhealthy")
    alarm(taken.metric_healthy_instances(), taken, "Healthy")
    alarm(taken.metric_cpu_utilization(), taken, "Load")

    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "servers")
    ModelFleet(
        stack,
        "Brought",
        vpc=vpc,
        machine_image=machine_image,
        model=ModelSource.from_artifact(taken.artifact),
        serving_binary=ServingBinary.from_bucket(bucket, "tensorflow_model_server", "a" * 64),
        missing_cpu_features=MissingCpuFeatures.DISABLE_ONEDNN,
    )
    ModelFleet(
        stack,
        "Uploaded",
        vpc=vpc,
        machine_image=machine_image,
        model=ModelSource.from_artifact(taken.artifact),
        server=ModelServer.TENSORFLOW_SERVING,
        serving_binary=ServingBinary.from_asset("serving/tensorflow_model_server"),
        missing_cpu_features=MissingCpuFeatures.DISABLE_ONEDNN,
    )
    published = ModelArtifact.from_bucket(
        stack, "Published", bucket=bucket, manifest_key="digits/litert/3/manifest.json"
    )
    ModelFleet(
        stack,
        "LiteRt",
        vpc=vpc,
        machine_image=machine_image,
        model=ModelSource.from_artifact(published),
        server=ModelServer.LITERT,
    )


def importer(stack: cdk.Stack, caller: iam.IGrantable) -> None:
    """Models that another stack published."""
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "models-of-another-stack")
    pointed: IModelArtifact = ModelArtifact.from_parameter(
        stack, "Pointer", bucket=bucket, parameter_name="/models/shared"
    )
    pointed.grant_read(caller)
    ModelFunction(
        stack,
        "Shared",
        model=ModelSource.from_artifact(pointed),
        lite_rt_runtime=LiteRtRuntime.NATIVE,
        bundling=PythonBundling.LOCAL,
    )
    published = ModelArtifact.from_bucket(
        stack, "Published", bucket=bucket, manifest_key="digits/litert/3/manifest.json"
    )
    ModelFunction(
        stack,
        "Pinned",
        model=ModelSource.from_artifact(published),
        lite_rt_runtime=LiteRtRuntime.NATIVE,
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
        poll_interval=cdk.Duration.seconds(30),
    )
    digits.grant_upload(caller)
    digits.grant_deliver(caller)
    digits.grant_operate(caller)
    digits.on_event("Event")
    digits.on_delivered("Live")
    digits.on_failed("Failure", description="A model is not live")
    delivery: IDeliveredModel = digits
    ModelOptimizer(serving, "Digits", model=ModelSource.from_delivery(delivery, signature_name="serving_default"))


def alarm(metric: cloudwatch.Metric, scope: Construct, name: str) -> None:
    """Metrics are in a template only where something watches them."""
    metric.create_alarm(scope, f"{name}Alarm", threshold=1, evaluation_periods=1)


app = cdk.App()
principal = iam.AccountRootPrincipal()
functions(cdk.Stack(app, "Functions"), principal)
publisher(cdk.Stack(app, "Publisher"), principal)
services(cdk.Stack(app, "Services"))
fleets(cdk.Stack(app, "Fleets"))
importer(cdk.Stack(app, "Importer"), principal)
layers(cdk.Stack(app, "Layers"))
deliveries(cdk.Stack(app, "Delivery"), cdk.Stack(app, "Delivered"), principal)
app.synth()
