import { Fn } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import { layerName } from '../private/layer-name';

export interface ModelLayerProps {
  readonly bucket: s3.IBucket;
  readonly compatibility: ModelCompatibility;
  readonly modelName: string;
  readonly architecture: lambda.Architecture;
  readonly runtimes: lambda.Runtime[];
}

/** A layer with the model, from exactly the object version that was published. */
export class ModelLayer extends Construct {
  public readonly layerVersion: lambda.LayerVersion;

  constructor(scope: Construct, id: string, props: ModelLayerProps) {
    super(scope, id);
    const { compatibility } = props;
    this.layerVersion = new lambda.LayerVersion(this, 'Layer', {
      layerVersionName: layerName(this, 'model'),
      code: lambda.Code.fromBucketV2(props.bucket, compatibility.layerKey, { objectVersion: compatibility.layerObjectVersion }),
      description: `${props.modelName} version ${compatibility.version}`,
      compatibleArchitectures: [props.architecture],
      compatibleRuntimes: props.runtimes,
    });
  }
}

/** Returns the number at the end of a layer version's ARN. */
export function layerVersionNumber(layerVersionArn: string): string {
  return Fn.select(7, Fn.split(':', layerVersionArn));
}
