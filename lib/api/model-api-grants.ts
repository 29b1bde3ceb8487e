import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { failIfAny, lit } from '../private/errors';

/** An API that permissions are granted on. */
interface GrantingApi {
  readonly scope: IConstruct;
  /** ARN of all methods and paths of the stage. */
  readonly arn: string;
  /** True where anybody can call. */
  readonly isPublic: boolean;
}

/** Permissions on a `ModelApi`, which `api.grants` returns. */
export class ModelApiGrants {
  /** @internal */
  public static _of(api: GrantingApi): ModelApiGrants {
    return new ModelApiGrants(api);
  }

  private constructor(private readonly api: GrantingApi) {}

  /**
   * Lets a principal call the API, in requests that it signs. Throws with `ModelApiAuthorizationType.NONE`, where anybody can call.
   *
   * @param grantee who may call
   */
  public invoke(grantee: iam.IGrantable): iam.Grant {
    const { scope, arn, isPublic } = this.api;
    failIfAny(lit`ApiWithoutAuthorization`, isPublic
      ? ['a grant has no effect, because authorizationType is ModelApiAuthorizationType.NONE: give IAM, or leave the grant out'] : [], scope);
    return iam.Grant.addToPrincipal({ grantee, actions: ['execute-api:Invoke'], resourceArns: [arn] });
  }
}
