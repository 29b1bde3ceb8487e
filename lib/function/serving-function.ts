import { Annotations, Lazy, RemovalPolicy, Tokenization, Validations } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { codeAddress, pythonFunction } from '../bundling/python-code';
import { deployTimeDigest } from '../endpoint/digests';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import { LATEST_RUNTIME_RULES } from '../private/acknowledge';
import { packagePath } from '../private/asset-paths';
import { METRIC_NAMESPACE } from '../private/metric-namespace';
import type { FunctionLayers } from './function-layers';
import { functionRole } from './function-role';
import type { FunctionSettings } from './function-settings';
import type { ModelFunctionProps } from './model-function-props';
import { HOOK_MODULE } from './model-hook';
import { layerVersionNumber, ModelLayer } from './model-layer';
import { NATIVE_RUNTIME } from './native-runtime-layer';

export interface ServingFunctionOptions {
  readonly props: ModelFunctionProps;
  readonly settings: FunctionSettings;
  readonly bucket: s3.IBucket;
  readonly compatibility: ModelCompatibility;
  readonly layers: FunctionLayers;
  readonly logGroup: logs.ILogGroup;
  /** Removal policy of a version that another one has replaced. */
  readonly versionRemovalPolicy?: RemovalPolicy;
}

/** Creates the Lambda function that serves a model, with its role and its model layer. */
export function servingFunction(scope: Construct, id: string, options: ServingFunctionOptions): lambda.Function {
  const { props, settings, bucket, compatibility, layers, logGroup } = options;
  const { modelName, pythonRuntime: runtime, architecture } = settings;
  const runtimeLayer = lambda.LayerVersion.fromLayerVersionAttributes(scope, 'RuntimeLayer', {
    layerVersionArn: compatibility.runtimeLayerArn,
    // The default is every runtime the app has named so far, which would publish a new version whenever another construct names one.
    compatibleRuntimes: [runtime],
  });
  const { layerVersion: modelLayer } = new ModelLayer(scope, 'ModelLayer', { bucket, compatibility, modelName, architecture, runtimes: [runtime, NATIVE_RUNTIME] });
  const configuration = Lazy.any({ produce: () => configurationOf(created) });
  const layerResource = modelLayer.node.defaultChild as lambda.CfnLayerVersion;
  const digest = deployTimeDigest(compatibility, 'FunctionDigest', configuration, [layerResource]);
  // CloudFormation keeps the version of a deployment that is rolled back, where it replaced another one, and Lambda publishes nothing twice. A layer
  // version is never numbered like another: whatever replaces the version replaces the layer, so that the next attempt differs from the failed one.
  layerResource.description = `${layerResource.description}, configuration ${digest}`;
  const traced = props.tracing !== undefined && props.tracing !== lambda.Tracing.DISABLED;
  const created = pythonFunction(scope, id, {
    entry: packagePath('runtime', 'handler', 'src'),
    pythonBundling: settings.bundling,
    runtime,
    architecture,
    description: props.description ?? `Serves the TensorFlow model ${modelName}`,
    memorySize: settings.memoryMebibytes,
    timeout: settings.timeout,
    role: functionRole(scope, 'Role', {
      role: props.role, logGroup, givenLogGroup: props.logGroup !== undefined, inVpc: props.vpc !== undefined, traced,
    }),
    logGroup,
    // The handler's own lines are JSON already; this makes Lambda's lines JSON as well.
    loggingFormat: lambda.LoggingFormat.JSON,
    layers: [runtimeLayer, modelLayer, ...layers.hook ? [layers.hook] : [], ...props.layers ?? []],
    environment: environmentOf(options, digest),
    environmentEncryption: props.environmentEncryption,
    ephemeralStorageSize: props.ephemeralStorageSize,
    snapStart: props.snapStart ? lambda.SnapStartConf.ON_PUBLISHED_VERSIONS : undefined,
    tracing: props.tracing,
    reservedConcurrentExecutions: props.reservedConcurrentExecutions,
    vpc: props.vpc,
    vpcSubnets: props.vpcSubnets,
    securityGroups: props.securityGroups,
    allowPublicSubnet: props.allowPublicSubnet,
    currentVersionOptions: {
      // The CDK's hash of a version covers the template only. A changed description makes CloudFormation publish a new version for a new model.
      description: `${modelName} version ${compatibility.version}, model layer ${layerVersionNumber(modelLayer.layerVersionArn)}, `
        + `runtime layer ${layerVersionNumber(compatibility.runtimeLayerArn)}, `
        + (layers.hook ? `hook layer ${layerVersionNumber(layers.hook.layerVersionArn)}, ` : '') + `configuration ${digest}`,
      // Not RETAIN: Lambda publishes the same code and configuration only once, so a version left behind by a failed deployment would block the next
      // attempt.
      removalPolicy: options.versionRemovalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    },
  });
  // The CDK publishes a version for each key of the code, Lambda only for different code or configuration. Another tool may bundle equal files
  // under another key, so put the key into the configuration.
  created.addEnvironment('HANDLER_CODE', codeAddress(created));
  if (layers.native) {
    // The Python code is bundled in any case: the runtime is chosen at deployment.
    (created.node.defaultChild as lambda.CfnFunction).runtime = layers.numpy ? compatibility.functionRuntime : NATIVE_RUNTIME.name;
  }
  acknowledgeFindings(created, props);
  return created;
}

/** Returns everything a version fixes, including deploy-time values. */
function configurationOf(created: lambda.Function): unknown {
  const { environment, layers, memorySize, timeout, ephemeralStorage, role, vpcConfig, kmsKeyArn, fileSystemConfigs, deadLetterConfig }
    = created.node.defaultChild as lambda.CfnFunction;
  return { environment, layers, memorySize, timeout, ephemeralStorage, role, vpcConfig, kmsKeyArn, fileSystemConfigs, deadLetterConfig };
}

function environmentOf({ props, settings, layers }: ServingFunctionOptions, digest: string): Record<string, string> {
  return {
    // NumPy, which a hook uses next to the model, starts more slowly with more threads.
    ...layers.numpy ? { OPENBLAS_NUM_THREADS: '1' } : {},
    ...props.environment,
    MODEL_NAME: settings.modelName,
    MODEL_THREADS: Tokenization.stringifyNumber(settings.threads),
    CONFIGURATION_DIGEST: digest,
    ...settings.embeddedMetrics ? { METRIC_NAMESPACE } : {},
    ...props.capture ? { CAPTURE_RATE: Tokenization.stringifyNumber(props.capture._options.rate) } : {},
    ...props.capture?._options.redact ? { CAPTURE_REDACT: JSON.stringify(props.capture._options.redact) } : {},
    ...props.hook ? { MODEL_HOOK: HOOK_MODULE } : {},
    ...props.explorer ? { EXPLORER: 'true' } : {},
  };
}

function acknowledgeFindings(created: lambda.Function, { snapStart }: ModelFunctionProps): void {
  for (const id of LATEST_RUNTIME_RULES) {
    Validations.of(created).acknowledge({ id, reason: 'The Python version is the one that LiteRT was tested with, and a property of the construct' });
  }
  if (snapStart) {
    Annotations.of(created).acknowledgeWarning('@aws-cdk/aws-lambda:snapStartRequirePublish', 'the alias names a published version');
  }
}
