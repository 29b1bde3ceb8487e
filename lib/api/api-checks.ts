import { Token } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import type { PropertyTypes } from '../private/property-types';
import { checkTypes, LOG_GROUP } from '../private/property-types';
import { checkInteger } from '../private/validation';
import { corsProblems } from '../serving/cors-settings';
import type { ModelApiProps } from './model-api-props';
import { ModelApiType } from './model-api-props';

export const LONGEST_NAME = 128;

/** API Gateway keeps counts of requests in 32 bits with a sign. */
const MOST_REQUESTS = 2 ** 31 - 1;

/** Largest offset that API Gateway accepts for a period. */
const LAST_OFFSET: Record<apigateway.Period, number> = { [apigateway.Period.DAY]: 0, [apigateway.Period.WEEK]: 6, [apigateway.Period.MONTH]: 27 };

/** The types of an API's properties. */
export const API_TYPES: PropertyTypes<ModelApiProps> = { logGroup: LOG_GROUP };

/** Returns every problem of an API's properties, in the order in which they are reported. */
export function checkApiProps(props: ModelApiProps): string[] {
  return [
    ...checkTypes(props, API_TYPES),
    ...checkModels(props.models),
    ...checkName(props.apiName),
    ...props.apiType === ModelApiType.REST ? checkRest(props) : checkHttp(props),
    ...corsProblems(props.cors),
    ...checkThrottle('throttle', props.throttle),
    ...checkThrottle('usagePlan.throttle', props.usagePlan?.throttle),
    ...checkQuota(props.usagePlan?.quota),
  ];
}

function checkModels(models: ModelApiProps['models']): string[] {
  if (models.length === 0) {
    return ['models must have at least one ModelFunction, got none'];
  }
  const names = models.map(({ modelName }) => modelName);
  return names.filter((name, index) => names.indexOf(name) !== index)
    .map((name) => `models must have each modelName once, got ${JSON.stringify(name)} ${names.filter((other) => other === name).length} times: `
      + 'give each ModelFunction a modelName of its own, which the paths of the API are made of');
}

function checkName(apiName: string | undefined): string[] {
  return apiName === undefined || Token.isUnresolved(apiName) || (apiName.length > 0 && apiName.length <= LONGEST_NAME)
    ? [] : [`apiName must have from 1 to ${LONGEST_NAME} characters, got ${apiName.length}`];
}

function checkHttp({ apiKeyRequired, usagePlan }: ModelApiProps): string[] {
  const rest = 'give apiType: ModelApiType.REST, or';
  return [
    ...apiKeyRequired ? [`apiKeyRequired must not be true for ModelApiType.HTTP, whose APIs have no API keys at AWS: ${rest} leave it out`] : [],
    ...usagePlan ? [`usagePlan must not be given for ModelApiType.HTTP, whose APIs have no API keys at AWS: ${rest} use throttle for all callers together`] : [],
  ];
}

function checkRest({ apiKeyRequired, cors, usagePlan }: ModelApiProps): string[] {
  return [
    ...cors ? ['cors must not be given for ModelApiType.REST, which adds no permission to the answers of a function, so that browsers keep them from the page: '
      + 'give apiType: ModelApiType.HTTP, or use addFunctionUrl({ cors })'] : [],
    ...usagePlan && !apiKeyRequired ? ['usagePlan needs apiKeyRequired: true, because it limits callers by their API keys: give it, or use throttle for all callers together'] : [],
  ];
}

function checkThrottle(property: string, throttle: apigateway.ThrottleSettings | undefined): string[] {
  if (throttle === undefined) {
    return [];
  }
  const { rateLimit, burstLimit } = throttle;
  return [
    ...rateLimit === undefined || burstLimit === undefined
      ? [`${property} needs both rateLimit and burstLimit, got ${rateLimit === undefined ? burstLimit === undefined ? 'neither' : 'burstLimit only' : 'rateLimit only'}`] : [],
    ...rateLimit !== undefined && !Token.isUnresolved(rateLimit) && !(rateLimit > 0 && Number.isFinite(rateLimit))
      ? [`${property}.rateLimit must be above 0 requests a second, got ${rateLimit}`] : [],
    ...checkInteger(`${property}.burstLimit`, burstLimit, 1, MOST_REQUESTS),
  ];
}

function checkQuota(quota: apigateway.QuotaSettings | undefined): string[] {
  if (quota === undefined) {
    return [];
  }
  const { limit, offset, period } = quota;
  return [
    ...limit === undefined || period === undefined
      ? [`usagePlan.quota needs both limit and period, got ${limit === undefined ? period === undefined ? 'neither' : 'period only' : 'limit only'}`] : [],
    ...checkInteger('usagePlan.quota.limit', limit, 1, MOST_REQUESTS),
    ...period === undefined ? [] : checkInteger(`usagePlan.quota.offset of the period ${period}`, offset, 0, LAST_OFFSET[period]),
  ];
}
