import type * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { grantArtifactRead } from './artifact/artifact-access';

/** An optimizer that permissions are granted on. */
interface GrantingOptimizer {
  readonly bucket: s3.IBucket;
  readonly keyPrefix: string;
  readonly project: codebuild.IProject;
}

/** Permissions on a `ModelOptimizer`, which `optimizer.grants` returns. */
export class ModelOptimizerGrants {
  /** @internal */
  public static _of(optimizer: GrantingOptimizer): ModelOptimizerGrants {
    return new ModelOptimizerGrants(optimizer);
  }

  private constructor(private readonly optimizer: GrantingOptimizer) {}

  /**
   * Lets a principal read the model's files, and nothing else in the bucket.
   *
   * @param grantee who may read
   */
  public read(grantee: iam.IGrantable): iam.Grant {
    return grantArtifactRead(grantee, this.optimizer.bucket, [`${this.optimizer.keyPrefix}/*`]);
  }

  /**
   * Lets a principal run the optimization again, outside a deployment.
   *
   * CodeBuild lets whoever starts a build give other commands than the project's, which run with the optimization's role.
   *
   * @param grantee who may start builds; each names the job to run by the environment variable BUILD_KEY
   */
  public startBuild(grantee: iam.IGrantable): iam.Grant {
    return iam.Grant.addToPrincipal({ grantee, actions: ['codebuild:StartBuild'], resourceArns: [this.optimizer.project.projectArn] });
  }
}
