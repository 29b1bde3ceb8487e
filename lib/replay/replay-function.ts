import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ReplayOptions } from '../endpoint/replay-options';
import { functionLogGroup } from '../function/function-log-group';
import { functionOffer } from '../function/function-offer';
import { functionSettings } from '../function/function-settings';
import { partBytes } from '../function/function-size';
import type { ModelFunctionProps } from '../function/model-function-props';
import { RuntimeLayer } from '../function/runtime-layer';
import { LiteRtRuntime } from '../function/runtime-layer-props';
import { servingFunction } from '../function/serving-function';
import { VersionCheck } from '../function/version-check';
import { readDelivered } from '../model/delivery-source';
import type { ModelSource } from '../model/model-source';
import type { IModelArtifact } from '../model/published-model';
import { ModelCompatibility } from '../optimization/model-compatibility';

/** Lambda's limit. */
const MOST_MEMORY = Size.mebibytes(10_240);

/** Less than the check waits for an answer (`version_check.py`), so that a function that is too slow says so itself. */
const TIMEOUT = Duration.minutes(3);

const CALLED: Record<ReplayFunctionProps['endpoint'], string> = { service: 'the pods', fleet: 'the instances' };

export interface ReplayFunctionProps {
  /** Endpoint that gets a version of the model only if this function answers alike. */
  readonly endpoint: 'service' | 'fleet';
  readonly options: ReplayOptions;
  readonly captureBucket: s3.IBucket;
  readonly modelName: string;
  readonly model: ModelSource;
  readonly artifact: IModelArtifact;
  readonly architecture: lambda.Architecture;
  /** Offer of the endpoint to the model. Its misfits are reported first. */
  readonly compatibility: ModelCompatibility;
}

/**
 * A Lambda function that no caller knows, and that answers captured requests with a new version of a model before pods or instances get it.
 *
 * It runs the native runtime on the very artifact that they serve, on the same kind of processor.
 */
export class ReplayFunction extends Construct {
  /** Succeeds if the new version answers as it must. Whatever changes pods or instances depends on it. */
  public readonly check: VersionCheck;

  constructor(scope: Construct, id: string, given: ReplayFunctionProps) {
    super(scope, id);
    const { endpoint, artifact: { bucket }, architecture, modelName, model } = given;
    const props: ModelFunctionProps = {
      model,
      modelName,
      architecture,
      liteRtRuntime: LiteRtRuntime.NATIVE,
      memorySize: MOST_MEMORY,
      timeout: TIMEOUT,
      // Lambda's own metrics are enough of requests that no caller sends.
      embeddedMetrics: false,
      description: `Answers captured requests with a new version of the TensorFlow model ${modelName} before ${CALLED[endpoint]} get it`,
      logRetention: logs.RetentionDays.ONE_MONTH,
      artifactRemovalPolicy: RemovalPolicy.DESTROY,
    };
    const settings = functionSettings(id, props);
    const layers = { native: RuntimeLayer.forNative(this, { architecture }) };
    const offer = functionOffer(settings, layers, partBytes(() => created, undefined));
    const compatibility = new ModelCompatibility(this, 'Compatibility', { artifact: given.artifact, offer: { ...offer, replayOf: endpoint } });
    compatibility.resource.node.addDependency(given.compatibility.resource);
    const created = servingFunction(this, 'Function', {
      props,
      // Memory that the model needs: an account may be limited to less than Lambda's most, and nobody has to know how much it is.
      settings: { ...settings, memoryMebibytes: compatibility.functionMemory, threads: 1 },
      bucket,
      compatibility,
      layers,
      logGroup: functionLogGroup(this, 'LogGroup', props),
      // No alias goes back to it.
      versionRemovalPolicy: RemovalPolicy.DESTROY,
    });
    const delivery = model._original?.delivery;
    this.check = new VersionCheck(this, 'VersionCheck', {
      version: created.currentVersion,
      modelName,
      bucket,
      compatibility,
      replay: {
        options: given.options,
        bucket: given.captureBucket,
        serve: delivery && readDelivered(scope, delivery, delivery.serveParameterName),
        endpoint,
      },
    });
  }
}
