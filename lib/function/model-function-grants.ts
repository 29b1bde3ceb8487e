import { ValidationError } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';
import { lit } from '../private/errors';

/** A function that permissions are granted on. */
interface GrantingFunction extends IConstruct {
  readonly alias: lambda.Alias;
  readonly functionUrl?: lambda.FunctionUrl;
}

/** Permissions on a `ModelFunction`, which `modelFunction.grants` returns. */
export class ModelFunctionGrants {
  /** @internal */
  public static _of(modelFunction: GrantingFunction): ModelFunctionGrants {
    return new ModelFunctionGrants(modelFunction);
  }

  private constructor(private readonly modelFunction: GrantingFunction) {}

  /**
   * Lets a principal invoke the alias directly.
   *
   * @param grantee who may invoke
   */
  public invoke(grantee: iam.IGrantable): iam.Grant {
    return this.modelFunction.alias.grantInvoke(grantee);
  }

  /**
   * Lets a principal call the function URL. Throws before `addFunctionUrl` is called.
   *
   * @param grantee who may call
   */
  public invokeUrl(grantee: iam.IGrantable): iam.Grant {
    const url = this.modelFunction.functionUrl;
    if (!url) {
      throw new ValidationError(lit`NoFunctionUrl`, 'the function has no URL that calls could be granted for: call addFunctionUrl() first', this.modelFunction);
    }
    return url.grantInvokeUrl(grantee);
  }
}
