"""The endpoints of the consumer app that are servers: on Kubernetes, and on virtual machines."""

import aws_cdk as cdk
from alarms import alarm
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from cdk_tensorflow import (
    CorsOptions,
    EvaluationData,
    Graph,
    IModelEndpoint,
    MissingCpuFeatures,
    ModelAlarms,
    ModelApi,
    ModelArtifact,
    ModelDashboard,
    ModelDelivery,
    ModelFleet,
    ModelFunction,
    ModelMonitor,
    ModelOptimizer,
    ModelServer,
    ModelService,
    ModelSource,
    ModelStorage,
    OptimizationRecipe,
    Quantization,
    RequestCapture,
    Rollout,
    RuntimeLayer,
    ServerCertificate,
    ServingBinary,
    ServingImage,
)

ORDERS_ARN = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:orders"
CERTIFICATE_ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-0123456789ab"
VOLUME_KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4000-8000-0123456789ab"


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
        container_insights=True,
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
    ModelAlarms(stack, "MountedAlarms", endpoint=mounted, max_restarts=2)
    ModelDashboard(stack, "MountedDashboard").add_endpoint(mounted)
    alarm(mounted.metric_cpu_utilization(), mounted, "CpuUtilization")
    alarm(mounted.metric_memory_utilization(), mounted, "MemoryUtilization")
    alarm(mounted.metric_restarts(), mounted, "Restarts")
    alarm(mounted.metric_running_pods(), mounted, "RunningPods")
    mounted.connections.allow_default_port_from(ec2.Peer.ipv4("10.0.0.0/16"))
    mounted.on_live("Live")
    mounted.on_rolled_back("RolledBack")

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
    ModelService(
        stack,
        "Encrypted",
        cluster=cluster,
        model=ModelSource.from_asset("digits/saved_model"),
        server=ModelServer.LITERT,
        server_certificate=ServerCertificate.from_kubernetes_secret("digits-tls"),
        explorer=True,
        cors=CorsOptions(
            allowed_origins=["https://www.example.com"],
            allowed_headers=["content-type", "x-request-id"],
            max_age=cdk.Duration.hours(1),
        ),
    )
    endpoint: IModelEndpoint = bundled
    stack.add_metadata("Bundled", endpoint.model_name)
    stack.add_metadata(
        "InjectionIds",
        [
            ModelAlarms.PROPERTY_INJECTION_ID,
            ModelApi.PROPERTY_INJECTION_ID,
            ModelDashboard.PROPERTY_INJECTION_ID,
            ModelDelivery.PROPERTY_INJECTION_ID,
            ModelFleet.PROPERTY_INJECTION_ID,
            ModelFunction.PROPERTY_INJECTION_ID,
            ModelMonitor.PROPERTY_INJECTION_ID,
            ModelOptimizer.PROPERTY_INJECTION_ID,
            ModelService.PROPERTY_INJECTION_ID,
            RuntimeLayer.PROPERTY_INJECTION_ID,
        ],
    )


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
        rollout=Rollout.canary(
            percent=10,
            bake=cdk.Duration.minutes(10),
            max_error_rate=0.02,
            alarms=[cloudwatch.CfnAlarm.from_alarm_arn(stack, "Orders", ORDERS_ARN)],
        ),
        certificate=acm.CfnCertificate.from_certificate_id(stack, "LoadBalancerCertificate", CERTIFICATE_ARN),
        volume_encryption_key=kms.CfnKey.from_key_arn(stack, "VolumeKey", VOLUME_KEY_ARN),
    )
    stack.add_metadata("Canary", taken.canary_auto_scaling_group.auto_scaling_group_name)
    taken.connections.allow_default_port_from(ec2.Peer.ipv4(vpc.vpc_cidr_block))
    taken.on_live("Live")
    taken.on_rolled_back("RolledBack")
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
    captured = ModelFleet(
        stack,
        "LiteRt",
        vpc=vpc,
        machine_image=machine_image,
        model=ModelSource.from_artifact(published),
        server=ModelServer.LITERT,
        capture=RequestCapture.sampled(rate=0.01, retention=cdk.Duration.days(7)),
        embedded_metrics=True,
        server_certificate=ServerCertificate.from_secrets_manager(
            secretsmanager.Secret.from_secret_complete_arn(
                stack, "Certificate", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:digits/tls-a1b2c3"
            )
        ),
        explorer=True,
        cors=CorsOptions(
            allowed_origins=["https://www.example.com"],
            allowed_headers=["content-type", "x-request-id"],
            max_age=cdk.Duration.hours(1),
        ),
    )
    alarm(captured.metric_dropped_captures(), captured, "DroppedCaptures")
