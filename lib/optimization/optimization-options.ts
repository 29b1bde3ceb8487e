import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as codebuild from 'aws-cdk-lib/aws-codebuild';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { EvaluationData } from './recipe/evaluation-data';
import type { ImageInput } from './recipe/image-input';
import type { OptimizationRecipe } from './recipe/optimization-recipe';
import type { QualityGate } from './recipe/quality-gate';

/** Options of the optimization of a model. The same for every endpoint. */
export interface OptimizationOptions {
  /**
   * Recipe of the optimization: its steps, or a search for them.
   *
   * @default - `OptimizationRecipe.forLiteRt()` for LiteRT, `OptimizationRecipe.forServing()` for a SavedModel
   */
  readonly recipe?: OptimizationRecipe;

  /**
   * Real inputs, with or without labels. Separate parts are used to calibrate, to train and to judge candidates.
   *
   * Up to ten are published with the model and its answers, as golden requests for tests of endpoints.
   *
   * @default - none: optimizations that cannot be verified without data are not applied by default
   */
  readonly evaluation?: EvaluationData;

  /**
   * Quality that a candidate must keep to be published.
   *
   * @default - at most 0.01 accuracy lost with labels, or 0.02 balanced accuracy where a class is rare;
   * 0.99 agreement (classes) or 0.05 relative error with unlabelled data; 0.01 relative error without data
   */
  readonly gate?: QualityGate;

  /**
   * The outcome of a deployment when no candidate passes the gate. Every other failure of the optimization fails the deployment.
   *
   * @default RefusalBehavior.FAIL
   */
  readonly onRefusal?: RefusalBehavior;

  /**
   * Raise this number to optimize a model again that was refused with `RefusalBehavior.KEEP_PREVIOUS`; otherwise no deployment optimizes it a second time. It
   * has no effect on a model that was published.
   *
   * @default 1
   */
  readonly attempt?: number;

  /**
   * Input that clients may send as an encoded image, JPEG or PNG, for a model that LiteRT serves.
   *
   * The optimization checks it against the model's signature. Not for functions with a `hook`, `snapStart` or `LiteRtRuntime.NUMPY`.
   *
   * @default - clients send numbers
   */
  readonly imageInput?: ImageInput;

  /**
   * The task of each output, by the output's name.
   *
   * @default - inferred from the output's shape and values, and printed
   */
  readonly tasks?: { [output: string]: ModelTask };

  /**
   * Names of the classes, in the order of the model's output.
   *
   * @default - classes are only numbered
   */
  readonly labels?: string[];

  /**
   * Path of a text file with the names of the classes, one per line, in the order of the model's output. Alternative to `labels`.
   *
   * @default - `labels`
   */
  readonly labelsFile?: string;

  /**
   * Seed for random choices: data splits and generated inputs.
   *
   * @default 0
   */
  readonly seed?: number;

  /**
   * Publish rows of the evaluation data inside a SavedModel, so that TensorFlow Serving warms up before the first request. Whoever can
   * read the model can read them. Warm-up requests that the model already contains are kept instead.
   *
   * @see https://www.tensorflow.org/tfx/serving/saved_model_warmup
   * @default - true for TensorFlow Serving with evaluation data; LiteRT has no warm-up
   */
  readonly warmup?: boolean;

  /**
   * Maximum number of warm-up rows, from 1 to 1000. Together they stay below 1 MiB.
   *
   * @default 10
   */
  readonly warmupRecords?: number;

  /**
   * Bucket for the published models. It must be versioned.
   *
   * @default - one bucket for all models of the stack: private, TLS only, versioned, retained
   */
  readonly artifactBucket?: s3.IBucket;

  /**
   * Prefix of all objects of the model in its bucket. It must be unique in the bucket.
   *
   * The default depends on the stack's name, account and Region and on the construct's path. If one of them changes, the model is built again and
   * its versions are numbered from 1. To keep the published versions, set this to the current `keyPrefix` before the change.
   *
   * @default - the model's name and eight characters that depend on stack and construct; account and Region too, if known only during the deployment
   */
  readonly artifactPrefix?: string;

  /**
   * Removal policy of the stack's bucket with published models, and of an endpoint's log group.
   *
   * With `RemovalPolicy.DESTROY` they are deleted with their content, also when the first deployment fails. All models of a stack must agree. An
   * `artifactBucket` or `logGroup` of your own has its own policy.
   *
   * @default RemovalPolicy.RETAIN, except that an empty bucket is deleted
   */
  readonly artifactRemovalPolicy?: RemovalPolicy;

  /**
   * Prune published versions that nothing needs any more, and then the reports of builds.
   *
   * It runs after each successful update of the stack, and once a day, with a role that may delete below this model's prefix only. What is served, and
   * what was served before, has a lease and is kept. Before you give this, deploy each other stack that imports the model with this version of the
   * library, so that it writes its lease.
   *
   * @default - every version and report is kept
   */
  readonly retention?: ArtifactRetention;

  /**
   * Key that encrypts builds and published models.
   *
   * The stack's bucket is created with it, so all models that share the bucket share the key. An `artifactBucket` must itself have this key.
   *
   * @default - keys managed by AWS
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Asymmetric key that signs the manifest of each published version, and with it the SHA-256 of every file. Endpoints then serve signed versions only.
   *
   * The deployment signs, and not the optimization, which opens models of unknown origin. The key must have the usage SIGN_VERIFY and one of the specs
   * ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, RSA_2048, RSA_3072 and RSA_4096. With another key, versions that this one has signed are refused.
   *
   * @see https://docs.aws.amazon.com/kms/latest/developerguide/symmetric-asymmetric.html
   * @default - nothing is signed, and no signature is asked for
   */
  readonly signingKey?: kms.IKey;

  /**
   * Behavior towards a version that was published before `signingKey` was given.
   *
   * @default UnsignedVersions.REFUSE
   */
  readonly unsignedVersions?: UnsignedVersions;

  /**
   * Size of the build machine.
   *
   * @see https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-compute-types.html
   * @default ComputeType.LARGE
   */
  readonly computeType?: codebuild.ComputeType;

  /**
   * Image of the build. It must provide bash and the Python runtime 3.13.
   *
   * @default - CodeBuild's standard image 8.0, or Amazon Linux 2023 4.0 for arm64
   */
  readonly buildImage?: codebuild.IBuildImage;

  /**
   * VPC of the build. It needs a route to S3, CloudWatch Logs and the package index, and for `ModelFleet` to the registry of the
   * serving image: for ECR, VPC endpoints of its API and of Docker's.
   *
   * @default - no VPC
   */
  readonly buildVpc?: ec2.IVpc;

  /**
   * Subnets of the build.
   *
   * @default - the private subnets of `buildVpc`
   */
  readonly buildVpcSubnets?: ec2.SubnetSelection;

  /**
   * Security groups of the build.
   *
   * @default - one is created if there is a VPC
   */
  readonly buildSecurityGroups?: ec2.ISecurityGroup[];

  /**
   * Python package index, for networks that cannot reach the public one. Every file is verified by its hash.
   *
   * @default - the default index of pip and uv
   */
  readonly packageIndexUrl?: string;

  /**
   * Additional environment variables of the build: a proxy, the credentials of a package index, or of the registry of a fleet's serving image
   * (SERVING_REGISTRY_USERNAME and SERVING_REGISTRY_PASSWORD).
   *
   * @default - none
   */
  readonly buildEnvironment?: { [name: string]: codebuild.BuildEnvironmentVariable };

  /**
   * Role of the build. The permissions it needs are added. One that another stack creates has to be imported:
   * `iam.Role.fromRoleArn(this, 'Role', role.roleArn)`.
   *
   * @default - a role that can read this model and its data, and add to this model's prefix
   */
  readonly buildRole?: iam.IRole;

  /**
   * Maximum time for the optimization, including the time in the queue.
   *
   * The deployment waits for it; no deployment can wait longer than the upper limit of this property.
   *
   * @default Duration.minutes(55)
   */
  readonly optimizationTimeout?: Duration;
}

/**
 * Rules for the published versions of a model to keep. All others are pruned, with their reports.
 *
 * A version is kept as long as any of the two properties keeps it. Never pruned are what a stack serves or served before, what a parameter names, what is
 * kept in the place of a refused model, the two newest versions, and what is younger than a day.
 */
export interface ArtifactRetention {
  /**
   * Number of the newest published versions to keep, from 2 to 1000.
   *
   * @default 5
   */
  readonly versions?: number;

  /**
   * Time to keep a version after it was published, and a build's report: at least one day.
   *
   * @default Duration.days(30)
   */
  readonly age?: Duration;
}

/** Behavior of a deployment with a `signingKey` towards a version that has no signature, because it was published before the key was given. */
export enum UnsignedVersions {
  /** The deployment fails. */
  REFUSE = 'REFUSE',

  /**
   * The version is signed as it is. Whoever could write to the bucket until then is trusted, so take this for one deployment, then go back to `REFUSE`.
   *
   * A signature that was deleted is made again too. One that is there and wrong still fails the deployment.
   */
  SIGN = 'SIGN',
}

/** Outcome of a deployment when no candidate passes the gate. */
export enum RefusalBehavior {
  /** The deployment fails, and is rolled back. */
  FAIL = 'FAIL',

  /**
   * The deployment succeeds, and the version that served before goes on. What was refused, and why, is in `refusal`, an output, a metric and an event.
   *
   * It fails where there is nothing that could be kept: at the first deployment of a model, where the format or the processor changes with it, where
   * a server is published with the model for the first time, or where the model moves to another bucket or prefix.
   */
  KEEP_PREVIOUS = 'KEEP_PREVIOUS',
}

/** The kind of decision an output makes, and so how a candidate's answers are compared with the original's. */
export enum ModelTask {
  /** One of several classes: the largest value decides. */
  MULTICLASS = 'multiclass',

  /** Yes or no: one value, and a threshold. */
  BINARY = 'binary',

  /** Several independent yes-or-no answers. */
  MULTILABEL = 'multilabel',

  /** Plain numbers, including dense outputs (masks, embeddings, audio). */
  REGRESSION = 'regression',
}
