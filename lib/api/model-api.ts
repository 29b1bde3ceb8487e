import { Validations } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import type * as apigatewayv2 from 'aws-cdk-lib/aws-apigatewayv2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { failIfAny, lit } from '../private/errors';
import { injectedProps } from '../private/injected-props';
import { checkApiProps, LONGEST_NAME } from './api-checks';
import { httpApi } from './http-api';
import { ModelApiGrants } from './model-api-grants';
import type { ModelApiProps } from './model-api-props';
import { ModelApiAuthorizationType, ModelApiType } from './model-api-props';
import { apiUsagePlan, restApi } from './rest-api';

/**
 * One address for several models on AWS Lambda: an API of Amazon API Gateway in front of `ModelFunction`s.
 *
 * The paths are those of the functions: `/v1/models/<name>` of TensorFlow Serving's REST API, and `/v2/models/<name>` of the Open Inference Protocol. Other
 * paths of that protocol, such as `/v2/health/ready`, belong to no single model and are answered with an error of API Gateway.
 *
 * @example
 * declare const digits: ModelFunction;
 * declare const wine: ModelFunction;
 *
 * const api = new ModelApi(this, 'Api', { models: [digits, wine] });
 * new CfnOutput(this, 'Url', { value: api.url });
 */
export class ModelApi extends Construct {
  /** Identifies this class for property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-tensorflow.ModelApi';

  /** Address of the API, with a slash at its end. Paths such as `v1/models/<name>:predict` follow it. */
  public readonly url: string;

  /** The HTTP API. Undefined for `ModelApiType.REST`. */
  public readonly httpApi?: apigatewayv2.HttpApi;

  /** The REST API. Undefined for `ModelApiType.HTTP`. */
  public readonly restApi?: apigateway.RestApi;

  /** The usage plan that all keys have. Undefined without `apiKeyRequired`. */
  public readonly usagePlan?: apigateway.UsagePlan;

  /** The key that `apiKeyRequired` adds. Undefined without `apiKeyRequired`. */
  public readonly apiKey?: apigateway.IApiKey;

  /** The log group of the access log. Undefined for a REST API without `logGroup`. */
  public readonly logGroup?: logs.ILogGroup;

  /** Permissions for others. */
  public readonly grants: ModelApiGrants;

  constructor(scope: Construct, id: string, props: ModelApiProps) {
    super(scope, id);
    props = injectedProps(ModelApi.PROPERTY_INJECTION_ID, props, scope, id);
    failIfAny(lit`InvalidModelApiProps`, checkApiProps(props), this);

    const isPublic = props.authorizationType === ModelApiAuthorizationType.NONE;
    const apiName = props.apiName ?? props.models.map(({ modelName }) => modelName).join('-').slice(0, LONGEST_NAME);
    if (props.apiType === ModelApiType.REST) {
      this.restApi = restApi(this, 'RestApi', apiName, props);
      this.logGroup = props.logGroup;
      this.url = this.restApi.url;
      this.grants = ModelApiGrants._of({ scope: this, isPublic, arn: this.restApi.arnForExecuteApi('*', '/*', this.restApi.deploymentStage.stageName) });
    } else {
      const { api, stage, logGroup } = httpApi(this, 'HttpApi', apiName, props);
      this.httpApi = api;
      this.logGroup = logGroup;
      this.url = stage.url;
      this.grants = ModelApiGrants._of({ scope: this, isPublic, arn: api.arnForExecuteApi('*', '/*', stage.stageName) });
    }
    if (this.restApi && props.apiKeyRequired) {
      this.usagePlan = apiUsagePlan(this.restApi, 'UsagePlan', props.usagePlan);
      this.apiKey = this.addApiKey('ApiKey');
    }
    if (isPublic && !props.apiKeyRequired && props.models.some(({ _hasExplorer }) => _hasExplorer)) {
      Validations.of(this).addWarning('cdk-tensorflow:PublicExplorer', 'explorer is public by the API: anybody can open the page and send requests, which you pay for: '
        + 'leave explorer out, and use `npx cdk-tensorflow open`, unless that is meant');
    }
  }

  /**
   * Adds a key of another caller to the usage plan, whose limits hold for each key by itself. Throws without `apiKeyRequired`.
   *
   * The value of a key is generated unless the options have one, and is read by `aws apigateway get-api-key --include-value --api-key ID`.
   *
   * @param id id of the key
   * @param options name, description and value of the key
   */
  public addApiKey(id: string, options: apigateway.ApiKeyOptions = {}): apigateway.IApiKey {
    failIfAny(lit`NoUsagePlan`, this.usagePlan ? [] : ['a key has no effect, because the API asks for none: give apiType: ModelApiType.REST and apiKeyRequired: true'], this);
    const key = new apigateway.ApiKey(this, id, options);
    this.usagePlan!.addApiKey(key);
    return key;
  }

  /**
   * Lets a principal call the API, in requests that it signs, as `grants.invoke` does. Throws with `ModelApiAuthorizationType.NONE`, where anybody can call.
   *
   * @param grantee who may call
   */
  public grantInvoke(grantee: iam.IGrantable): iam.Grant {
    return this.grants.invoke(grantee);
  }
}
