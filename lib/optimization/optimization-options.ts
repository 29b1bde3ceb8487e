import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as codebuild from 'aws-cdk-lib/aws-codebuild';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { EvaluationData } from './evaluation-data';
import type { ModelTask } from './model-task';
import type { OptimizationRecipe } from './optimization-recipe';
import type { QualityGate } from './quality-gate';

/** How a model is optimized, and where. The same for every endpoint. */
export interface OptimizationOptions {
  /**
   * What is done to the model.
   *
   * @default - `OptimizationRecipe.forLambda()` for LiteRT, `OptimizationRecipe.forServing()` for a SavedModel
   */
  readonly recipe?: OptimizationRecipe;

  /**
   * Real inputs, with labels or without, that candidates are calibrated with, trained with and judged on, each with a part of its own.
   *
   * Up to ten of them are published beside the model, with its answers, as golden requests for tests of endpoints.
   *
   * @default - none: what cannot be proved without data is not done by default
   */
  readonly evaluation?: EvaluationData;

  /**
   * What a candidate must keep to be published.
   *
   * @default - at most 0.01 accuracy lost with labels; 0.99 agreement (classes) or 0.05 relative error with unlabelled data;
   * 0.01 relative error without data
   */
  readonly gate?: QualityGate;

  /**
   * What each output decides, by the output's name.
   *
   * @default - inferred from the output's shape and values, and printed
   */
  readonly tasks?: { [output: string]: ModelTask };

  /**
   * Names of the classes, in the order of the model's output.
   *
   * @default - classes have numbers only
   */
  readonly labels?: string[];

  /**
   * Path of a text file with the names of the classes, one on each line, in the order of the model's output. In place of `labels`.
   *
   * @default - `labels`
   */
  readonly labelsFile?: string;

  /**
   * Seed of everything that is drawn: data splits and generated inputs.
   *
   * @default 0
   */
  readonly seed?: number;

  /**
   * Whether rows of the evaluation data are published inside a SavedModel, for TensorFlow Serving to answer before the first client asks. Whoever can
   * read the model can read them. Requests that a model brings along itself are kept instead.
   *
   * @see https://www.tensorflow.org/tfx/serving/saved_model_warmup
   * @default - true for TensorFlow Serving with evaluation data; LiteRT has no warm-up
   */
  readonly warmup?: boolean;

  /**
   * How many rows are published for the warm-up at most, from 1 to 1000. Together they stay below 1 MiB.
   *
   * @default 10
   */
  readonly warmupRecords?: number;

  /**
   * Bucket for the published models. It must keep versions.
   *
   * @default - one bucket for all models of the stack: private, TLS only, versioned, retained
   */
  readonly artifactBucket?: s3.IBucket;

  /**
   * Prefix of everything that belongs to the model in its bucket. No other model in the bucket may have it.
   *
   * The default depends on the stack's name, account and Region and on the construct's path. Where one of them changes, the model is built again and
   * its versions are numbered from 1. Give the prefix that the model has, `keyPrefix`, before the change to keep what is published.
   *
   * @default - the model's name and eight characters that depend on stack and construct; account and Region too, where they are known only at deployment
   */
  readonly artifactPrefix?: string;

  /**
   * What happens to the bucket of the stack with the published models, and to the log group of an endpoint, when the stack is deleted.
   *
   * With `RemovalPolicy.DESTROY` they are deleted with everything in them, also when the first deployment fails. All models of a stack must agree. An
   * `artifactBucket` or `logGroup` of your own has its own policy.
   *
   * @default RemovalPolicy.RETAIN, except that an empty bucket is deleted
   */
  readonly artifactRemovalPolicy?: RemovalPolicy;

  /**
   * Key that encrypts what the optimization writes: builds and published models.
   *
   * The stack's bucket is created with it, so all models of a stack that share the bucket share the key. An `artifactBucket` must have this key itself.
   *
   * @default - keys that AWS manages
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Size of the machine that optimizes.
   *
   * @see https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-compute-types.html
   * @default ComputeType.LARGE
   */
  readonly computeType?: codebuild.ComputeType;

  /**
   * Image that the optimization runs in. It must provide bash and the Python runtime 3.13.
   *
   * @default - CodeBuild's standard image 8.0, or Amazon Linux 2023 4.0 for arm64
   */
  readonly buildImage?: codebuild.IBuildImage;

  /**
   * VPC that the optimization runs in. It needs a way to S3, CloudWatch Logs and the package index, and for `ModelFleet` to the registry that has the
   * serving image: for ECR, by VPC endpoints of its API and of Docker's.
   *
   * @default - no VPC
   */
  readonly buildVpc?: ec2.IVpc;

  /**
   * Subnets that the optimization runs in.
   *
   * @default - the private subnets of `buildVpc`
   */
  readonly buildVpcSubnets?: ec2.SubnetSelection;

  /**
   * Security groups of the optimization.
   *
   * @default - one is created where there is a VPC
   */
  readonly buildSecurityGroups?: ec2.ISecurityGroup[];

  /**
   * Python package index to install from, for networks that cannot reach the public one. Every file is checked by its hash.
   *
   * @default - the index that pip and uv use by themselves
   */
  readonly packageIndexUrl?: string;

  /**
   * Further environment variables of the optimization: a proxy, the credentials of a package index, or of the registry that has a fleet's serving image
   * (SERVING_REGISTRY_USERNAME and SERVING_REGISTRY_PASSWORD).
   *
   * @default - none
   */
  readonly buildEnvironment?: { [name: string]: codebuild.BuildEnvironmentVariable };

  /**
   * Role that the optimization runs as. It gets what it needs added.
   *
   * @default - a role that can read this model and its data, and add to this model's prefix
   */
  readonly buildRole?: iam.IRole;

  /**
   * How long the optimization may take, time in the queue included.
   *
   * A deployment waits for it, and no deployment can wait longer than this limit allows.
   *
   * @default Duration.minutes(55)
   */
  readonly optimizationTimeout?: Duration;
}
