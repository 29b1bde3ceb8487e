import { Fn, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { otherRegion } from '../optimization/artifact/bucket-checks';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import { failIfAny, lit } from '../private/errors';
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
    failIfAny(lit`ModelInAnotherRegion`, layerProblems(this, props.bucket), this);
    this.layerVersion = new lambda.LayerVersion(this, 'Layer', {
      layerVersionName: layerName(this, 'model', props.modelName),
      code: lambda.Code.fromBucketV2(props.bucket, compatibility.layerKey, { objectVersion: compatibility.layerObjectVersion }),
      description: `${props.modelName} version ${compatibility.version}`,
      compatibleArchitectures: [props.architecture],
      compatibleRuntimes: props.runtimes,
    });
  }
}

/** Refuses an imported bucket in another Region. For a bucket of the app's own the optimizer does. */
function layerProblems(scope: Construct, bucket: s3.IBucket): string[] {
  const elsewhere = otherRegion(scope, bucket);
  return elsewhere === undefined ? [] : [
    `the model must be in a bucket of the Region of its function, ${Stack.of(scope).region}, because Lambda takes layers from there only, got one in ${elsewhere}: `
    + 'publish it to a bucket of this Region too, or give the function the model\'s source instead',
  ];
}

/** Returns the number at the end of a layer version's ARN. */
export function layerVersionNumber(layerVersionArn: string): string {
  return Fn.select(7, Fn.split(':', layerVersionArn));
}
