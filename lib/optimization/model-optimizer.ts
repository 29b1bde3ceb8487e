import { CfnOutput, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as codebuild from 'aws-cdk-lib/aws-codebuild';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { setReference } from '../model/artifact-reference';
import type { IModelArtifact } from '../model/published-model';
import { ModelFormat } from '../model/published-model';
import type { Architecture } from '../private/documents/job';
import { failIfAny, lit } from '../private/errors';
import { eventRule } from '../private/event-rule';
import { injectedProps } from '../private/injected-props';
import { checkTypes } from '../private/property-types';
import { MODEL_PRUNED, MODEL_PUBLISHED, MODEL_REFUSED, refusedModels } from './artifact/model-events';
import { VersionPruning } from './artifact/version-pruning';
import { artifactBucketOf, claimPrefix } from './build/artifact-bucket';
import { labelsOf } from './build/class-labels';
import { renderJob } from './build/job';
import { modelBuild } from './build/model-build';
import { OptimizationProject } from './build/optimization-project';
import { noteWarmUp, warmUpRecords } from './build/warm-up';
import { defaultModelName, modelPrefix } from './model-name';
import { ModelOptimizerGrants } from './model-optimizer-grants';
import type { ModelOptimizerProps } from './model-optimizer-props';
import { checkModelOptimizer, OPTIMIZER_TYPES } from './optimization-checks';
import type { ArtifactRetention } from './optimization-options';
import { RefusalBehavior } from './optimization-options';
import { OptimizationRecipe } from './recipe/optimization-recipe';

/**
 * Optimizes a model during the deployment, and publishes it to S3.
 *
 * A build runs only when the model, the data, the options or the optimizer's versions have changed. What is served stays when no candidate passes the
 * gate: the deployment fails, or with `RefusalBehavior.KEEP_PREVIOUS` succeeds without a change. Published versions are never replaced.
 *
 * @example
 * new ModelOptimizer(this, 'Digits', {
 *   model: ModelSource.fromAsset('models/digits'),
 *   evaluation: EvaluationData.fromAsset('models/digits.npz'),
 *   pointerParameterName: '/models/digits',   // for ModelArtifact.fromParameter in other stacks
 * });
 */
export class ModelOptimizer extends Construct implements IModelArtifact {
  /** Identifies this class for property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-tensorflow.ModelOptimizer';

  /** The model's name in requests, in the directory of a server and in the manifest. */
  public readonly modelName: string;

  /** The bucket that holds the model. */
  public readonly bucket: s3.IBucket;

  /** Format that the model is published in. */
  public readonly format: ModelFormat;

  /** The prefix that everything of this model has in the bucket. */
  public readonly keyPrefix: string;

  /** Permissions for others. */
  public readonly grants: ModelOptimizerGrants = ModelOptimizerGrants._of(this);

  /** The CodeBuild project that optimizes. */
  public readonly project: codebuild.Project;

  /** The role that the project runs as. */
  public readonly role: iam.IRole;

  /** The stack's group of test reports: each build adds one with the quality gate's results. */
  public readonly reportGroup: codebuild.ReportGroup;

  /** The stack's log group for optimizations. The names of this model's log streams begin with `keyPrefix`. */
  public readonly logGroup: logs.LogGroup;

  /**
   * The published version's number.
   *
   * @attribute
   */
  public readonly version: string;

  /**
   * Key of the version's manifest.json.
   *
   * @attribute
   */
  public readonly manifestKey: string;

  /**
   * SHA-256 of the manifest.
   *
   * @attribute
   */
  public readonly manifestSha256: string;

  /**
   * Key of the build's report.html.
   *
   * @attribute
   */
  public readonly reportKey: string;

  /**
   * Address of the build in the console.
   *
   * @attribute
   */
  public readonly buildUrl: string;

  /**
   * One sentence: what was published, and what it keeps of the original.
   *
   * @attribute
   */
  public readonly summary: string;

  /**
   * Layers of isolation that were on and off when the optimization opened the model, in one line. Where CodeBuild gives no privileges, one may be
   * missing: docs/security.md says what each keeps a model from.
   *
   * @attribute
   */
  public readonly isolation: string;

  /**
   * Reason of the refusal of the model, and the version that is kept, in one line. `none` where the version is of the model that was asked for,
   * and always without `RefusalBehavior.KEEP_PREVIOUS`.
   *
   * @attribute
   */
  public readonly refusal: string;

  /** The parameter that points at the published version, where one was asked for. */
  public readonly pointerParameter?: ssm.StringParameter;

  /** The function that prunes old versions, if there is `retention`. With the payload `{"dryRun": true}` it only lists what it would remove. */
  public readonly pruningFunction?: lambda.Function;

  private readonly keepsPrevious: boolean;

  constructor(scope: Construct, id: string, props: ModelOptimizerProps) {
    super(scope, id);
    props = injectedProps(ModelOptimizer.PROPERTY_INJECTION_ID, props, scope, id);
    failIfAny(lit`InvalidModelOptimizerProps`, checkTypes(props, OPTIMIZER_TYPES, ['model']), this);
    failIfAny(lit`InvalidModelOptimizerProps`, checkModelOptimizer(this, id, props), this);
    this.modelName = props.modelName ?? defaultModelName(id);
    this.format = props.format ?? ModelFormat.LITERT;
    this.keepsPrevious = props.onRefusal === RefusalBehavior.KEEP_PREVIOUS;
    const architecture = props.architecture ?? lambda.Architecture.X86_64;

    const original = props.model._original!; // a published model has a problem above
    const source = original.bind(this);
    const evaluation = props.evaluation?._bind(this);
    const recipe = props.recipe ?? (this.format === ModelFormat.LITERT ? OptimizationRecipe.forLiteRt() : OptimizationRecipe.forServing());
    const brought = recipe._bind(this);
    const inputs = [source, evaluation, ...brought].filter((input) => input !== undefined);
    this.bucket = props.artifactBucket ?? artifactBucketOf(this, props);
    this.keyPrefix = props.artifactPrefix ?? modelPrefix(this, this.modelName);
    claimPrefix(this, this.bucket, this.keyPrefix);
    const optimization = new OptimizationProject(this, 'Optimization', {
      options: props,
      architecture,
      inputs,
      bucket: this.bucket,
      keyPrefix: this.keyPrefix,
      server: props.serverImage === undefined ? undefined : { image: props.serverImage, repository: props.serverRepository },
    });
    this.project = optimization.project;
    this.role = optimization.role;
    this.reportGroup = optimization.reportGroup;
    this.logGroup = optimization.logGroup;

    const warmupRecords = warmUpRecords(props, this.format);
    noteWarmUp(this, warmupRecords);
    const job = renderJob({
      modelName: this.modelName,
      format: this.format,
      source,
      sourceOptions: original.options,
      evaluation,
      imageInput: props.imageInput,
      tasks: props.tasks,
      recipe,
      brought,
      gate: props.gate,
      seed: props.seed,
      architecture: architecture.name as Architecture,
      labels: labelsOf(props),
      serverImage: props.serverImage,
      warmupRecords,
    });
    const build = modelBuild(this, 'Build', { modelName: this.modelName, props, job, optimization, bucket: this.bucket, keyPrefix: this.keyPrefix, inputs });
    this.version = build.getAttString('Version');
    this.manifestKey = build.getAttString('ManifestKey');
    this.manifestSha256 = build.getAttString('ManifestSha256');
    this.reportKey = build.getAttString('ReportKey');
    this.buildUrl = build.getAttString('BuildUrl');
    this.summary = build.getAttString('Summary');
    this.isolation = build.getAttString('Isolation');
    this.refusal = this.keepsPrevious ? build.getAttString('Refusal') : 'none';
    if (this.keepsPrevious) {
      // Below the build, so that `Refusal` is free as the id of a rule.
      new CfnOutput(build, 'Refusal', { value: this.refusal, description: `Why the newest model ${this.modelName} was refused, and which version is kept` });
    }
    setReference(this, {
      manifestKey: this.manifestKey,
      manifestSha256: this.manifestSha256,
      format: this.format,
      architecture: architecture.name,
      hasServer: props.serverImage !== undefined,
      hasProfile: evaluation !== undefined,
      signingKey: props.signingKey,
      keyPatterns: [`${this.keyPrefix}/*`],
    });
    this.pointerParameter = props.pointerParameterName === undefined ? undefined : this.createPointer(props.pointerParameterName);
    this.pruningFunction = props.retention && this.createPruning(props, props.retention);
  }

  /**
   * Lets a principal read the model's files, and nothing else in the bucket, as `grants.read` does.
   *
   * @param grantee who may read
   */
  public grantRead(grantee: iam.IGrantable): iam.Grant {
    return this.grants.read(grantee);
  }

  /**
   * Lets a principal run the optimization again, outside a deployment, as `grants.startBuild` does.
   *
   * CodeBuild lets whoever starts a build give other commands than the project's, which run with the optimization's role.
   *
   * @param grantee who may start builds; each names the job to run by the environment variable BUILD_KEY
   */
  public grantStartBuild(grantee: iam.IGrantable): iam.Grant {
    return this.grants.startBuild(grantee);
  }

  /**
   * Duration of builds, in seconds.
   *
   * @param props statistic and period
   * @default average over five minutes
   */
  public metricBuildDuration(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.project.metricDuration(props);
  }

  /**
   * Number of failed builds: by a gate that no candidate passed, a model that cannot be optimized, or for another reason.
   *
   * @param props statistic and period
   * @default sum over five minutes
   */
  public metricFailedBuilds(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.project.metricFailedBuilds(props);
  }

  /**
   * Number of times that a model was refused, and the version before kept. Throws without `RefusalBehavior.KEEP_PREVIOUS`.
   *
   * `ModelAlarms` of an endpoint that serves this model has an alarm on it.
   *
   * @param props statistic and period
   * @default sum over five minutes
   */
  public metricRefused(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    this.failUnlessKeeping('metricRefused');
    return refusedModels(this.project.projectName, this.modelName, props);
  }

  /**
   * Defines a rule for every event of this model: its published versions, refusals that kept the version before, and pruned versions.
   *
   * EventBridge may deliver an event more than once.
   *
   * @param id name of the rule
   * @param options target of the events, such as a topic
   */
  public onEvent(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this.rule(id, options);
  }

  /**
   * Defines a rule for versions of this model that a build has published: they have passed the gate, and no endpoint serves them yet.
   *
   * A deployment that reuses a version publishes none. EventBridge may deliver an event more than once.
   *
   * @param id name of the rule
   * @param options target of the events, such as a topic
   */
  public onPublished(id: string, options: events.OnEventOptions = {}): events.Rule {
    return this.rule(id, options, [MODEL_PUBLISHED]);
  }

  /**
   * Defines a rule for refusals of this model that kept the version before. Throws without `RefusalBehavior.KEEP_PREVIOUS`.
   *
   * EventBridge may deliver an event more than once.
   *
   * @param id name of the rule
   * @param options target of the events, such as a topic
   */
  public onRefused(id: string, options: events.OnEventOptions = {}): events.Rule {
    this.failUnlessKeeping('onRefused');
    return this.rule(id, options, [MODEL_REFUSED]);
  }

  /**
   * Defines a rule for what the retention of this model has removed. Throws without `retention`.
   *
   * EventBridge may deliver an event more than once.
   *
   * @param id name of the rule
   * @param options target of the events, such as a topic
   */
  public onPruned(id: string, options: events.OnEventOptions = {}): events.Rule {
    failIfAny(lit`NothingIsPruned`, this.pruningFunction ? [] : ['onPruned has no effect, because every version is kept: give retention'], this);
    return this.rule(id, options, [MODEL_PRUNED]);
  }

  /** The metric of refusals, where there is one. @internal */
  public _metricRefused(): cloudwatch.Metric | undefined {
    return this.keepsPrevious ? this.metricRefused() : undefined;
  }

  private rule(id: string, options: events.OnEventOptions, types?: string[]): events.Rule {
    return eventRule(this, id, options, { detail: { bucket: this.bucket.bucketName, modelPrefix: this.keyPrefix }, types });
  }

  private failUnlessKeeping(method: string): void {
    failIfAny(lit`NothingIsKept`, this.keepsPrevious ? [] : [`${method} has no effect, because the deployment itself fails when a model is refused: `
      + 'give onRefusal: RefusalBehavior.KEEP_PREVIOUS, or watch metricFailedBuilds()'], this);
  }

  private createPruning({ model, pointerParameterName }: ModelOptimizerProps, retention: ArtifactRetention): lambda.Function {
    const names = [model._original?.delivery?.serveParameterName, pointerParameterName];
    return new VersionPruning(this, 'Pruning', {
      retention,
      bucket: this.bucket,
      keyPrefix: this.keyPrefix,
      modelName: this.modelName,
      format: this.format,
      parameterNames: names.filter((name) => name !== undefined),
    }).pruningFunction;
  }

  private createPointer(parameterName: string): ssm.StringParameter {
    return new ssm.StringParameter(this, 'Pointer', {
      parameterName,
      description: `Published version of the TensorFlow model ${this.modelName}`,
      stringValue: Stack.of(this).toJsonString({ manifestKey: this.manifestKey, manifestSha256: this.manifestSha256 }),
    });
  }
}
