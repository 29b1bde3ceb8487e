// The consumer app in Go.
package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	tensorflow "github.com/cdk-tensorflow/cdk-tensorflow-go/cdktensorflow"
)

const (
	ordersArn      = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:orders"
	certificateArn = "arn:aws:acm:eu-central-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-0123456789ab"
	volumeKeyArn   = "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4000-8000-0123456789ab"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := func(name string) awscdk.Stack { return awscdk.NewStack(app, jsii.String(name), nil) }
	caller := awsiam.NewAccountRootPrincipal()

	functions(stack("Functions"), caller)
	publisher(stack("Publisher"), stack("Images"), caller)
	services(stack("Services"))
	fleets(stack("Fleets"))
	importer(stack("Importer"), caller)
	layers(stack("Layers"))
	deliveries(stack("Delivery"), stack("Delivered"), caller)
	app.Synth(nil)
}

func digitsModel(options *tensorflow.ModelSourceOptions) tensorflow.ModelSource {
	return tensorflow.ModelSource_FromAsset(jsii.String("digits/saved_model"), options)
}

// The endpoint on Lambda, with all that stands around it.
func functions(stack awscdk.Stack, caller awsiam.IPrincipal) {
	data := tensorflow.EvaluationData_FromAsset(jsii.String("digits/evaluation.npz"))
	digits := tensorflow.NewModelFunction(stack, jsii.String("Digits"), &tensorflow.ModelFunctionProps{
		Model:      digitsModel(&tensorflow.ModelSourceOptions{SignatureName: jsii.String("serving_default")}),
		Evaluation: data,
		Recipe:     tensorflow.OptimizationRecipe_Of(tensorflow.Quantization_DynamicRange()),
		Gate: tensorflow.QualityGate_AllOf(
			tensorflow.QualityGate_MaxAccuracyLoss(jsii.Number(0.01)),
			tensorflow.QualityGate_MaxErrorIncrease(jsii.Number(0.01)),
			tensorflow.QualityGate_MaxSize(awscdk.Size_Mebibytes(jsii.Number(1))),
			tensorflow.QualityGate_MaxLatencyRatio(jsii.Number(2)),
			tensorflow.QualityGate_Strict(),
		),
		Labels:                             jsii.Strings("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
		Hook:                               tensorflow.ModelHook_FromAsset(jsii.String("hooks/stdlib"), &tensorflow.ModelHookOptions{CheckEventFile: jsii.String("hooks/stdlib/event.json")}),
		LiteRtRuntime:                      tensorflow.LiteRtRuntime_NUMPY,
		MemorySize:                         awscdk.Size_Mebibytes(jsii.Number(1024)),
		ArtifactPrefix:                     jsii.String("digits-of-the-laboratory"),
		Threads:                            jsii.Number(2),
		Timeout:                            awscdk.Duration_Seconds(jsii.Number(20)),
		ProvisionedConcurrentExecutions:    jsii.Number(1),
		MaxProvisionedConcurrentExecutions: jsii.Number(4),
		Rollout: tensorflow.Rollout_Canary(&tensorflow.CanaryRolloutOptions{
			Percent:    jsii.Number(10),
			Bake:       awscdk.Duration_Minutes(jsii.Number(5)),
			MaxLatency: awscdk.Duration_Millis(jsii.Number(200)),
		}),
		Bundling: tensorflow.PythonBundling_LOCAL(),
	})
	digits.AddFunctionUrl(nil)
	digits.OnLive(jsii.String("Live"), &awsevents.OnEventOptions{Description: jsii.String("Callers get a version")})
	digits.OnRolledBack(jsii.String("RolledBack"), &awsevents.OnEventOptions{Description: jsii.String("A version was rolled back")})
	digits.GrantInvoke(caller)
	digits.GrantInvokeUrl(caller)
	digits.Grants().Invoke(caller)
	digits.Grants().InvokeUrl(caller)
	alarm(digits.MetricModelLoadTime(nil), digits, "LoadTime")
	alarm(digits.MetricModelLatency(nil), digits, "ModelLatency")
	alarm(digits.MetricFailures(nil), digits, "Failures")

	var endpoint tensorflow.IMonitoredEndpoint = digits
	alarm(endpoint.MetricInvocations(nil), digits, "Invocations")
	alarm(endpoint.MetricErrors(nil), digits, "Errors")
	alarm(endpoint.MetricLatency(nil), digits, "Latency")
	tensorflow.NewModelAlarms(stack, jsii.String("Alarms"), &tensorflow.ModelAlarmsProps{
		Endpoint: endpoint, MaxLatency: awscdk.Duration_Millis(jsii.Number(200)),
	})
	tensorflow.NewModelDashboard(stack, jsii.String("Dashboard"), &tensorflow.ModelDashboardProps{Endpoints: &[]tensorflow.IMonitoredEndpoint{endpoint}})
	monitor := tensorflow.NewModelMonitor(stack, jsii.String("Monitor"), &tensorflow.ModelMonitorProps{
		Endpoint:      endpoint,
		CaptureBucket: awss3.Bucket_FromBucketName(stack, jsii.String("Captured"), jsii.String("requests-of-the-laboratory")),
		Period:        awscdk.Duration_Hours(jsii.Number(12)),
	})
	monitor.OnDrift(jsii.String("Drifted"), &awsevents.OnEventOptions{Description: jsii.String("Requests have drifted")})
	alarm(monitor.MetricDriftedFeatures(nil), monitor, "DriftedFeatures")
	alarm(monitor.MetricStabilityIndex(nil), monitor, "StabilityIndex")
	alarm(monitor.MetricDivergence(nil), monitor, "Divergence")
	alarm(monitor.MetricComparedSamples(nil), monitor, "ComparedSamples")

	steps := []tensorflow.OptimizationStep{
		tensorflow.Quantization_Float16(),
		tensorflow.Quantization_FullInteger(nil),
		tensorflow.Pruning_Magnitude(&tensorflow.MagnitudePruningOptions{Sparsity: jsii.Number(0.5), Schedule: tensorflow.PruningSchedule_GRADUAL}),
	}
	searched := tensorflow.NewModelFunction(stack, jsii.String("Searched"), &tensorflow.ModelFunctionProps{
		Model:      digitsModel(&tensorflow.ModelSourceOptions{Stateful: tensorflow.StatefulBehavior_RESET_PER_REQUEST}),
		Evaluation: data,
		Recipe: tensorflow.OptimizationRecipe_Search(&tensorflow.OptimizationSearchOptions{
			Objective: tensorflow.SearchObjective_SIZE, Steps: &steps, MaxTrials: jsii.Number(4),
		}),
		LiteRtRuntime: tensorflow.LiteRtRuntime_NUMPY,
		Capture: tensorflow.RequestCapture_Sampled(&tensorflow.RequestCaptureOptions{
			Rate: jsii.Number(0.25), Retention: awscdk.Duration_Days(jsii.Number(30)),
		}),
		Replay: &tensorflow.ReplayOptions{MaxDisagreement: jsii.Number(0.05)},
		Rollout: tensorflow.Rollout_Linear(&tensorflow.LinearRolloutOptions{
			Percent:      jsii.Number(20),
			Interval:     awscdk.Duration_Minutes(jsii.Number(2)),
			MaxErrorRate: jsii.Number(0.05),
		}),
		Bundling: tensorflow.PythonBundling_LOCAL(),
	})
	alarm(searched.MetricDroppedCaptures(nil), searched, "DroppedCaptures")
	tensorflow.NewModelDashboard(stack, jsii.String("Searching"), nil).AddEndpoint(searched)
	apis(stack, []tensorflow.ModelFunction{digits, searched}, caller)
}

// One API of each type in front of all functions.
func apis(stack awscdk.Stack, models []tensorflow.ModelFunction, caller awsiam.IPrincipal) {
	signed := tensorflow.NewModelApi(stack, jsii.String("Api"), &tensorflow.ModelApiProps{
		Models:            &models,
		ApiType:           tensorflow.ModelApiType_HTTP,
		ApiName:           jsii.String("models-of-the-laboratory"),
		AuthorizationType: tensorflow.ModelApiAuthorizationType_IAM,
		Cors: &tensorflow.CorsOptions{
			AllowedOrigins: jsii.Strings("https://www.example.com"),
			AllowedHeaders: jsii.Strings("content-type", "authorization"),
			MaxAge:         awscdk.Duration_Hours(jsii.Number(1)),
		},
		Throttle: &awsapigateway.ThrottleSettings{RateLimit: jsii.Number(100), BurstLimit: jsii.Number(50)},
		LogGroup: awslogs.LogGroup_FromLogGroupName(stack, jsii.String("AccessLog"), jsii.String("access-of-the-laboratory")),
	})
	apiCaller := awsiam.NewRole(stack, jsii.String("ApiCaller"), &awsiam.RoleProps{AssumedBy: caller})
	signed.GrantInvoke(apiCaller)
	signed.Grants().Invoke(apiCaller)
	stack.AddMetadata(jsii.String("Api"), &[]*string{signed.Url(), signed.HttpApi().ApiId(), signed.LogGroup().LogGroupName()})
	keyed := tensorflow.NewModelApi(stack, jsii.String("KeyedApi"), &tensorflow.ModelApiProps{
		Models:            &models,
		ApiType:           tensorflow.ModelApiType_REST,
		AuthorizationType: tensorflow.ModelApiAuthorizationType_NONE,
		ApiKeyRequired:    jsii.Bool(true),
		UsagePlan: &awsapigateway.UsagePlanProps{
			Throttle: &awsapigateway.ThrottleSettings{RateLimit: jsii.Number(10), BurstLimit: jsii.Number(20)},
			Quota:    &awsapigateway.QuotaSettings{Limit: jsii.Number(10_000), Period: awsapigateway.Period_DAY},
		},
	})
	shop := keyed.AddApiKey(jsii.String("Shop"), &awsapigateway.ApiKeyOptions{ApiKeyName: jsii.String("shop")})
	stack.AddMetadata(jsii.String("KeyedApi"), &[]*string{
		keyed.Url(), keyed.RestApi().RestApiId(), keyed.UsagePlan().UsagePlanId(), keyed.ApiKey().KeyId(), shop.KeyId(),
	})
}

// Constructs that optimize and publish, for both formats.
func publisher(stack awscdk.Stack, images awscdk.Stack, caller awsiam.IGrantable) {
	bucket := awss3.Bucket_FromBucketName(stack, jsii.String("Bucket"), jsii.String("models-of-the-laboratory"))
	signingKey := awskms.Key_FromKeyArn(stack, jsii.String("SigningKey"), jsii.String("arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"))
	shared := tensorflow.NewModelOptimizer(stack, jsii.String("Shared"), &tensorflow.ModelOptimizerProps{
		Model:                digitsModel(&tensorflow.ModelSourceOptions{Stateful: tensorflow.StatefulBehavior_REFUSE, AllowedOperations: jsii.Strings("ReadFile")}),
		Format:               tensorflow.ModelFormat_LITERT,
		Recipe:               tensorflow.OptimizationRecipe_ForLiteRt(),
		PointerParameterName: jsii.String("/models/shared"),
		OnRefusal:            tensorflow.RefusalBehavior_KEEP_PREVIOUS,
		Attempt:              jsii.Number(2),
		SigningKey:           signingKey,
		UnsignedVersions:     tensorflow.UnsignedVersions_SIGN,
		Retention:            &tensorflow.ArtifactRetention{Versions: jsii.Number(10), Age: awscdk.Duration_Days(jsii.Number(90))},
	})
	shared.GrantStartBuild(caller)
	shared.GrantRead(caller)
	shared.Grants().StartBuild(caller)
	shared.Grants().Read(caller)
	alarm(shared.MetricFailedBuilds(nil), shared, "Failed")
	alarm(shared.MetricRefused(nil), shared, "Refused")
	shared.OnPublished(jsii.String("Publication"), &awsevents.OnEventOptions{Description: jsii.String("A version was published")})
	shared.OnRefused(jsii.String("Refusal"), &awsevents.OnEventOptions{Description: jsii.String("A model was refused")})
	shared.OnPruned(jsii.String("Removal"), &awsevents.OnEventOptions{Description: jsii.String("Old versions were removed")})
	alarm(shared.PruningFunction().MetricErrors(nil), shared, "Pruning")
	shared.OnEvent(jsii.String("Event"), nil)
	alarm(shared.MetricBuildDuration(nil), shared, "Duration")

	tensorflow.NewModelOptimizer(stack, jsii.String("Pruned"), &tensorflow.ModelOptimizerProps{
		Model:      tensorflow.ModelSource_FromBucket(bucket, jsii.String("digits/"), &tensorflow.BucketModelSourceOptions{Revision: jsii.String("1")}),
		Evaluation: tensorflow.EvaluationData_FromBucket(bucket, jsii.String("digits.npz"), &tensorflow.BucketEvaluationDataOptions{ObjectVersion: jsii.String("3")}),
		Tasks: &map[string]tensorflow.ModelTask{
			"digit": tensorflow.ModelTask_MULTICLASS,
			"odd":   tensorflow.ModelTask_BINARY,
			"tags":  tensorflow.ModelTask_MULTILABEL,
			"value": tensorflow.ModelTask_REGRESSION,
		},
		Recipe: tensorflow.OptimizationRecipe_Of(tensorflow.Pruning_Magnitude(
			&tensorflow.MagnitudePruningOptions{Sparsity: jsii.Number(0.8), Schedule: tensorflow.PruningSchedule_AT_ONCE},
		)),
		Gate:             tensorflow.QualityGate_MinAgreement(jsii.Number(0.98)),
		OnRefusal:        tensorflow.RefusalBehavior_FAIL,
		SigningKey:       signingKey,
		UnsignedVersions: tensorflow.UnsignedVersions_REFUSE,
	})
	tensorflow.NewModelOptimizer(stack, jsii.String("Fast"), &tensorflow.ModelOptimizerProps{
		Model:      digitsModel(nil),
		Evaluation: tensorflow.EvaluationData_FromAsset(jsii.String("digits/evaluation.npz")),
		Recipe:     tensorflow.OptimizationRecipe_Search(&tensorflow.OptimizationSearchOptions{Objective: tensorflow.SearchObjective_LATENCY}),
	})
	for index, recover := range []tensorflow.QuantizationRecovery{tensorflow.QuantizationRecovery_WITHOUT_TRAINING, tensorflow.QuantizationRecovery_WITH_TRAINING} {
		tensorflow.NewModelOptimizer(stack, jsii.String(fmt.Sprintf("Recovered%d", index)), &tensorflow.ModelOptimizerProps{
			Model:      digitsModel(nil),
			Evaluation: tensorflow.EvaluationData_FromAsset(jsii.String("digits/evaluation.npz")),
			Recipe: tensorflow.OptimizationRecipe_Of(tensorflow.Quantization_FullInteger(&tensorflow.FullIntegerQuantizationOptions{
				Recover: recover,
			})),
		})
	}
	tensorflow.NewModelOptimizer(stack, jsii.String("Mixed"), &tensorflow.ModelOptimizerProps{
		Model:      digitsModel(nil),
		Evaluation: tensorflow.EvaluationData_FromAsset(jsii.String("digits/evaluation.npz")),
		Recipe: tensorflow.OptimizationRecipe_Search(&tensorflow.OptimizationSearchOptions{
			Objective: tensorflow.SearchObjective_SIZE,
			Steps: &[]tensorflow.OptimizationStep{
				tensorflow.Quantization_Mixed(&tensorflow.MixedQuantizationOptions{
					AllSupported:    tensorflow.LayerQuantization_WEIGHT_ONLY_WI8_AFP32,
					FullyConnected:  tensorflow.LayerQuantization_DYNAMIC_WI4B32_AFP32,
					DepthwiseConv2d: tensorflow.LayerQuantization_NO_QUANTIZE,
				}),
				tensorflow.Quantization_Mixed(&tensorflow.MixedQuantizationOptions{
					AllSupported:   tensorflow.LayerQuantization_STATIC_WI8_AI8,
					FullyConnected: tensorflow.LayerQuantization_DYNAMIC_WI4B64_AFP32,
				}),
				tensorflow.Quantization_Mixed(&tensorflow.MixedQuantizationOptions{
					AllSupported:   tensorflow.LayerQuantization_DYNAMIC_WI8_AFP32,
					FullyConnected: tensorflow.LayerQuantization_DYNAMIC_WI4B128_AFP32,
				}),
			},
		}),
		Gate: tensorflow.QualityGate_AllOf(
			tensorflow.QualityGate_MaxLoss(tensorflow.QualityMetric_Accuracy(nil), jsii.Number(0.01)),
			tensorflow.QualityGate_MaxLoss(tensorflow.QualityMetric_BalancedAccuracy(nil), jsii.Number(0.02)),
			tensorflow.QualityGate_MaxLoss(tensorflow.QualityMetric_Recall(&tensorflow.ClassMetricOptions{ClassIndex: jsii.Number(1)}), jsii.Number(0.03)),
			tensorflow.QualityGate_MaxLoss(tensorflow.QualityMetric_Precision(nil), jsii.Number(0.03)),
			tensorflow.QualityGate_MaxLoss(tensorflow.QualityMetric_F1(nil), jsii.Number(0.03)),
			tensorflow.QualityGate_MaxLoss(tensorflow.QualityMetric_AreaUnderRocCurve(nil), jsii.Number(0.01)),
			tensorflow.QualityGate_MaxLoss(tensorflow.QualityMetric_TopK(jsii.Number(2), &tensorflow.QualityMetricOptions{Output: jsii.String("probabilities")}), jsii.Number(0.01)),
			tensorflow.QualityGate_MaxLoss(tensorflow.QualityMetric_MeanAbsoluteError(nil), jsii.Number(0.1)),
			tensorflow.QualityGate_NotWorseThanServing(&tensorflow.NotWorseThanServingOptions{
				Metric: tensorflow.QualityMetric_BalancedAccuracy(nil), Margin: jsii.Number(0.01),
			}),
		),
	})
	inputs := []tensorflow.ImageInput{
		tensorflow.ImageInput_ZeroTo255(nil),
		tensorflow.ImageInput_ZeroToOne(&tensorflow.ImageInputOptions{Input: jsii.String("image"), Resize: tensorflow.ResizeMethod_BILINEAR}),
		tensorflow.ImageInput_MinusOneToOne(&tensorflow.ImageInputOptions{Resize: tensorflow.ResizeMethod_NEAREST}),
		tensorflow.ImageInput_Caffe(nil),
		tensorflow.ImageInput_Torch(&tensorflow.ImageInputOptions{Resize: tensorflow.ResizeMethod_BICUBIC, Antialias: jsii.Bool(true)}),
		tensorflow.ImageInput_Linear(&tensorflow.LinearImageInputOptions{Scale: jsii.Numbers(0.5), ChannelOrder: tensorflow.ChannelOrder_RGB}),
		tensorflow.ImageInput_Linear(&tensorflow.LinearImageInputOptions{
			Scale:        jsii.Numbers(0.5, 0.25, 0.125),
			Offset:       jsii.Numbers(-1.5, 0.5, 1.5),
			ChannelOrder: tensorflow.ChannelOrder_BGR,
		}),
	}
	for index, imageInput := range inputs {
		tensorflow.NewModelOptimizer(images, jsii.String(fmt.Sprintf("Image%d", index)), &tensorflow.ModelOptimizerProps{
			Model:      digitsModel(nil),
			ImageInput: imageInput,
		})
	}
	tensorflow.NewModelOptimizer(images, jsii.String("Plain"), &tensorflow.ModelOptimizerProps{
		Model:  digitsModel(nil),
		Recipe: tensorflow.OptimizationRecipe_None(),
		Gate:   tensorflow.QualityGate_MaxRelativeError(jsii.Number(0.001)),
	})
	students := []tensorflow.Student{
		tensorflow.Student_OfSize(tensorflow.StudentSize_TINY),
		tensorflow.Student_OfSize(tensorflow.StudentSize_SMALL),
		tensorflow.Student_OfSize(tensorflow.StudentSize_MEDIUM),
		tensorflow.Student_FromAsset(jsii.String("digits/saved_model")),
	}
	for index, student := range students {
		tensorflow.NewModelOptimizer(stack, jsii.String(fmt.Sprintf("Distilled%d", index)), &tensorflow.ModelOptimizerProps{
			Model:      digitsModel(nil),
			Evaluation: tensorflow.EvaluationData_FromAsset(jsii.String("digits/evaluation.npz")),
			Recipe: tensorflow.OptimizationRecipe_Of(tensorflow.Distillation_Into(student, &tensorflow.DistillationOptions{
				Temperature: jsii.Number(2), Epochs: jsii.Number(10),
			})),
		})
	}
	tensorflow.NewModelOptimizer(stack, jsii.String("Served"), &tensorflow.ModelOptimizerProps{
		Model:  digitsModel(nil),
		Format: tensorflow.ModelFormat_SAVED_MODEL,
		Recipe: tensorflow.OptimizationRecipe_ForServing(),
	})
}

// The endpoint on Kubernetes, in a cluster that exists already.
func services(stack awscdk.Stack) {
	kubectl := stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("lambda"), Resource: jsii.String("function:kubectl")})
	cluster := awseksv2.Cluster_FromClusterAttributes(stack, jsii.String("Cluster"), &awseksv2.ClusterAttributes{
		ClusterName:            jsii.String("models"),
		ClusterSecurityGroupId: jsii.String("sg-0123456789abcdef0"),
		KubectlProvider: awseksv2.KubectlProvider_FromKubectlProviderAttributes(
			stack, jsii.String("Kubectl"), &awseksv2.KubectlProviderAttributes{ServiceToken: kubectl},
		),
	})
	mounted := tensorflow.NewModelService(stack, jsii.String("Mounted"), &tensorflow.ModelServiceProps{
		Cluster:           cluster,
		ContainerInsights: jsii.Bool(true),
		Model:             digitsModel(nil),
		Recipe:            tensorflow.OptimizationRecipe_Of(tensorflow.Graph_Freeze()),
		ModelStorage:      tensorflow.ModelStorage_MOUNTPOINT,
		PodLabels:         &map[string]*string{"tier": jsii.String("serving")},
		PodAnnotations: &map[string]*string{
			"karpenter.sh/do-not-disrupt": jsii.String("true"),
		},
		ExtraContainers: &[]*map[string]interface{}{{
			"name": "agent", "image": "agent:1",
			"volumeMounts": []map[string]string{{"name": "spool", "mountPath": "/spool"}},
		}},
		ExtraVolumes: &[]*map[string]interface{}{{"name": "spool", "emptyDir": map[string]string{}}},
		ServingImage: tensorflow.ServingImage_FromRegistry(jsii.String("tensorflow/serving:2.20.0")),
		Replicas:     jsii.Number(2),
		Environment: &map[string]*string{
			"TF_ENABLE_ONEDNN_OPTS": jsii.String("0"),
			"TF_CPP_MIN_LOG_LEVEL":  jsii.String("1"),
		},
		InternalLoadBalancer:     jsii.Bool(true),
		LoadBalancerSourceRanges: jsii.Strings("10.0.0.0/16"),
		MinReadyTime:             awscdk.Duration_Minutes(jsii.Number(2)),
		RemovalPolicy:            awscdk.RemovalPolicy_RETAIN,
		AdoptExisting:            jsii.Bool(true),
	})
	tensorflow.NewModelAlarms(stack, jsii.String("MountedAlarms"), &tensorflow.ModelAlarmsProps{Endpoint: mounted, MaxRestarts: jsii.Number(2)})
	tensorflow.NewModelDashboard(stack, jsii.String("MountedDashboard"), nil).AddEndpoint(mounted)
	alarm(mounted.MetricCpuUtilization(nil), mounted, "CpuUtilization")
	alarm(mounted.MetricMemoryUtilization(nil), mounted, "MemoryUtilization")
	alarm(mounted.MetricRestarts(nil), mounted, "Restarts")
	alarm(mounted.MetricRunningPods(nil), mounted, "RunningPods")
	mounted.Connections().AllowDefaultPortFrom(awsec2.Peer_Ipv4(jsii.String("10.0.0.0/16")), nil)
	mounted.OnLive(jsii.String("Live"), nil)
	mounted.OnRolledBack(jsii.String("RolledBack"), nil)

	repository := awsecr.Repository_FromRepositoryName(stack, jsii.String("Repository"), jsii.String("serving"))
	tensorflow.NewModelService(stack, jsii.String("Copied"), &tensorflow.ModelServiceProps{
		Cluster:      cluster,
		Model:        digitsModel(nil),
		Recipe:       tensorflow.OptimizationRecipe_Of(tensorflow.Graph_Strip()),
		ModelStorage: tensorflow.ModelStorage_COPY,
		ServingImage: tensorflow.ServingImage_FromEcrRepository(repository, jsii.String("2.20.0")),
		MaxReplicas:  jsii.Number(6),
		Rollout:      tensorflow.Rollout_AllAtOnce(),
		Batching:     jsii.Bool(true),
	})
	bundled := tensorflow.NewModelService(stack, jsii.String("Bundled"), &tensorflow.ModelServiceProps{
		Cluster:        cluster,
		Model:          tensorflow.ModelSource_FromArtifact(mounted.Artifact()),
		ServingImage:   tensorflow.ServingImage_FromAsset(jsii.String("serving"), &tensorflow.ServingImageAssetOptions{File: jsii.String("Dockerfile")}),
		ApplyManifests: jsii.Bool(false),
	})
	bundled.ToYaml()
	tensorflow.NewModelService(stack, jsii.String("Encrypted"), &tensorflow.ModelServiceProps{
		Cluster:           cluster,
		Model:             digitsModel(nil),
		Server:            tensorflow.ModelServer_LITERT,
		ServerCertificate: tensorflow.ServerCertificate_FromKubernetesSecret(jsii.String("digits-tls")),
		Explorer:          jsii.Bool(true),
		Cors: &tensorflow.CorsOptions{
			AllowedOrigins: jsii.Strings("https://www.example.com"),
			AllowedHeaders: jsii.Strings("content-type", "x-request-id"),
			MaxAge:         awscdk.Duration_Hours(jsii.Number(1)),
		},
	})
	var endpoint tensorflow.IModelEndpoint = bundled
	stack.AddMetadata(jsii.String("Bundled"), endpoint.ModelName())
	stack.AddMetadata(jsii.String("InjectionIds"), &[]*string{
		tensorflow.ModelAlarms_PROPERTY_INJECTION_ID(),
		tensorflow.ModelApi_PROPERTY_INJECTION_ID(),
		tensorflow.ModelDashboard_PROPERTY_INJECTION_ID(),
		tensorflow.ModelDelivery_PROPERTY_INJECTION_ID(),
		tensorflow.ModelFleet_PROPERTY_INJECTION_ID(),
		tensorflow.ModelFunction_PROPERTY_INJECTION_ID(),
		tensorflow.ModelMonitor_PROPERTY_INJECTION_ID(),
		tensorflow.ModelOptimizer_PROPERTY_INJECTION_ID(),
		tensorflow.ModelService_PROPERTY_INJECTION_ID(),
		tensorflow.RuntimeLayer_PROPERTY_INJECTION_ID(),
	})
}

// The endpoint on virtual machines.
func fleets(stack awscdk.Stack) {
	vpc := awsec2.Vpc_FromVpcAttributes(stack, jsii.String("Vpc"), &awsec2.VpcAttributes{
		VpcId:                      jsii.String("vpc-0123456789abcdef0"),
		VpcCidrBlock:               jsii.String("10.0.0.0/16"),
		AvailabilityZones:          jsii.Strings("eu-central-1a", "eu-central-1b"),
		PrivateSubnetIds:           jsii.Strings("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
		PrivateSubnetRouteTableIds: jsii.Strings("rtb-0123456789abcdef0", "rtb-0123456789abcdef1"),
	})
	machineImage := awsec2.MachineImage_LatestAmazonLinux2023(nil)
	taken := tensorflow.NewModelFleet(stack, jsii.String("Taken"), &tensorflow.ModelFleetProps{
		Vpc:                vpc,
		MachineImage:       machineImage,
		Model:              digitsModel(nil),
		Recipe:             tensorflow.OptimizationRecipe_Of(tensorflow.Quantization_Bfloat16()),
		Evaluation:         tensorflow.EvaluationData_FromAsset(jsii.String("digits/evaluation.npz")),
		ServingBinary:      tensorflow.ServingBinary_FromImage(tensorflow.ServingImage_FromRegistry(jsii.String("tensorflow/serving:2.20.0"))),
		MissingCpuFeatures: tensorflow.MissingCpuFeatures_REFUSE,
		EmbeddedMetrics:    jsii.Bool(true),
		Rollout: tensorflow.Rollout_Canary(&tensorflow.CanaryRolloutOptions{
			Percent: jsii.Number(10), Bake: awscdk.Duration_Minutes(jsii.Number(10)), MaxErrorRate: jsii.Number(0.02),
			Alarms: &[]interfacesawscloudwatch.IAlarmRef{awscloudwatch.CfnAlarm_FromAlarmArn(stack, jsii.String("Orders"), jsii.String(ordersArn))},
		}),
		Certificate:         awscertificatemanager.CfnCertificate_FromCertificateId(stack, jsii.String("LoadBalancerCertificate"), jsii.String(certificateArn)),
		VolumeEncryptionKey: awskms.CfnKey_FromKeyArn(stack, jsii.String("VolumeKey"), jsii.String(volumeKeyArn)),
	})
	stack.AddMetadata(jsii.String("Canary"), taken.CanaryAutoScalingGroup().AutoScalingGroupName())
	taken.Connections().AllowDefaultPortFrom(awsec2.Peer_Ipv4(vpc.VpcCidrBlock()), nil)
	taken.OnLive(jsii.String("Live"), nil)
	taken.OnRolledBack(jsii.String("RolledBack"), nil)
	alarm(taken.MetricNewConnections(nil), taken, "Connections")
	alarm(taken.MetricUnhealthyInstances(nil), taken, "Unhealthy")
	alarm(taken.MetricHealthyInstances(nil), taken, "Healthy")
	alarm(taken.MetricCpuUtilization(nil), taken, "Load")

	bucket := awss3.Bucket_FromBucketName(stack, jsii.String("Bucket"), jsii.String("servers"))
	tensorflow.NewModelFleet(stack, jsii.String("Brought"), &tensorflow.ModelFleetProps{
		Vpc:                vpc,
		MachineImage:       machineImage,
		Model:              tensorflow.ModelSource_FromArtifact(taken.Artifact()),
		ServingBinary:      tensorflow.ServingBinary_FromBucket(bucket, jsii.String("tensorflow_model_server"), jsii.String(strings.Repeat("a", 64))),
		MissingCpuFeatures: tensorflow.MissingCpuFeatures_DISABLE_ONEDNN,
	})
	tensorflow.NewModelFleet(stack, jsii.String("Uploaded"), &tensorflow.ModelFleetProps{
		Vpc:                vpc,
		MachineImage:       machineImage,
		Model:              tensorflow.ModelSource_FromArtifact(taken.Artifact()),
		Server:             tensorflow.ModelServer_TENSORFLOW_SERVING,
		ServingBinary:      tensorflow.ServingBinary_FromAsset(jsii.String("serving/tensorflow_model_server")),
		MissingCpuFeatures: tensorflow.MissingCpuFeatures_DISABLE_ONEDNN,
	})
	published := tensorflow.ModelArtifact_FromBucket(stack, jsii.String("Published"),
		&tensorflow.ModelArtifactFromBucketOptions{Bucket: bucket, ManifestKey: jsii.String("digits/litert/3/manifest.json")})
	secret := awssecretsmanager.Secret_FromSecretCompleteArn(stack, jsii.String("Certificate"),
		jsii.String("arn:aws:secretsmanager:eu-central-1:111122223333:secret:digits/tls-a1b2c3"))
	captured := tensorflow.NewModelFleet(stack, jsii.String("LiteRt"), &tensorflow.ModelFleetProps{
		Vpc:               vpc,
		MachineImage:      machineImage,
		Model:             tensorflow.ModelSource_FromArtifact(published),
		Server:            tensorflow.ModelServer_LITERT,
		Capture:           tensorflow.RequestCapture_Sampled(&tensorflow.RequestCaptureOptions{Rate: jsii.Number(0.01), Retention: awscdk.Duration_Days(jsii.Number(7))}),
		EmbeddedMetrics:   jsii.Bool(true),
		ServerCertificate: tensorflow.ServerCertificate_FromSecretsManager(secret),
		Explorer:          jsii.Bool(true),
		Cors: &tensorflow.CorsOptions{
			AllowedOrigins: jsii.Strings("https://www.example.com"),
			AllowedHeaders: jsii.Strings("content-type", "x-request-id"),
			MaxAge:         awscdk.Duration_Hours(jsii.Number(1)),
		},
	})
	alarm(captured.MetricDroppedCaptures(nil), captured, "DroppedCaptures")
}

// Models that another stack published.
func importer(stack awscdk.Stack, caller awsiam.IGrantable) {
	bucket := awss3.Bucket_FromBucketName(stack, jsii.String("Bucket"), jsii.String("models-of-another-stack"))
	var pointed tensorflow.IModelArtifact = tensorflow.ModelArtifact_FromParameter(stack, jsii.String("Pointer"),
		&tensorflow.ModelArtifactFromParameterOptions{Bucket: bucket, ParameterName: jsii.String("/models/shared"), Lease: jsii.Bool(true)})
	pointed.GrantRead(caller)
	tensorflow.NewModelFunction(stack, jsii.String("Shared"), &tensorflow.ModelFunctionProps{
		Model:         tensorflow.ModelSource_FromArtifact(pointed),
		LiteRtRuntime: tensorflow.LiteRtRuntime_NATIVE,
		Capture: tensorflow.RequestCapture_Sampled(&tensorflow.RequestCaptureOptions{
			Rate: jsii.Number(0.01), Retention: awscdk.Duration_Days(jsii.Number(7)), Redact: jsii.Strings("image"), StreamName: jsii.String("shared-requests"),
		}),
		Bundling: tensorflow.PythonBundling_LOCAL(),
	})
	published := tensorflow.ModelArtifact_FromBucket(stack, jsii.String("Published"),
		&tensorflow.ModelArtifactFromBucketOptions{Bucket: bucket, ManifestKey: jsii.String("digits/litert/3/manifest.json"), Lease: jsii.Bool(false)})
	tensorflow.NewModelFunction(stack, jsii.String("Pinned"), &tensorflow.ModelFunctionProps{
		Model:         tensorflow.ModelSource_FromArtifact(published),
		LiteRtRuntime: tensorflow.LiteRtRuntime_NATIVE,
		Explorer:      jsii.Bool(true),
		Bundling:      tensorflow.PythonBundling_LOCAL(),
	})
}

// Runtime layers by themselves. Nothing of this stack is bundled, so that it needs no Docker here.
func layers(stack awscdk.Stack) {
	stack.Node().SetContext(jsii.String("aws:cdk:bundling-stacks"), []string{})
	tensorflow.RuntimeLayer_ForNative(stack, &tensorflow.RuntimeLayerOptions{Bundling: tensorflow.PythonBundling_AUTO()})
	tensorflow.RuntimeLayer_ForNumpy(stack, &tensorflow.PythonRuntimeLayerOptions{Bundling: tensorflow.PythonBundling_AUTO()})
	tensorflow.NewRuntimeLayer(stack, jsii.String("Docker"), &tensorflow.RuntimeLayerProps{
		LiteRtRuntime: tensorflow.LiteRtRuntime_NUMPY,
		Bundling:      tensorflow.PythonBundling_Docker(&tensorflow.PythonDockerOptions{Network: jsii.String("host")}),
	})
}

// Uploads that become live without a deployment.
func deliveries(stack awscdk.Stack, serving awscdk.Stack, caller awsiam.IGrantable) {
	digits := tensorflow.NewModelDelivery(stack, jsii.String("Digits"), &tensorflow.ModelDeliveryProps{
		Key:              jsii.String("digits.zip"),
		StackNames:       jsii.Strings("Delivered"),
		ParameterPrefix:  jsii.String("/models/digits"),
		StateMachineName: jsii.String("digits"),
		PollInterval:     awscdk.Duration_Seconds(jsii.Number(30)),
	})
	digits.GrantUpload(caller)
	digits.GrantDeliver(caller)
	digits.GrantOperate(caller)
	digits.Grants().Upload(caller)
	digits.Grants().Deliver(caller)
	digits.Grants().Operate(caller)
	digits.OnEvent(jsii.String("Event"), nil)
	digits.OnDelivered(jsii.String("Live"), nil)
	digits.OnFailed(jsii.String("Failure"), &awsevents.OnEventOptions{Description: jsii.String("A model is not live")})
	var delivery tensorflow.IDeliveredModel = digits
	tensorflow.NewModelOptimizer(serving, jsii.String("Digits"), &tensorflow.ModelOptimizerProps{
		Model: tensorflow.ModelSource_FromDelivery(delivery, &tensorflow.ModelSourceOptions{SignatureName: jsii.String("serving_default")}),
	})
}

// Metrics are in a template only where something watches them.
func alarm(metric awscloudwatch.Metric, scope constructs.Construct, name string) {
	metric.CreateAlarm(scope, jsii.String(name+"Alarm"), &awscloudwatch.CreateAlarmOptions{Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(1)})
}
