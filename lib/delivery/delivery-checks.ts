import { basename } from 'path';
import { CfnParameter, CliCredentialsStackSynthesizer, LegacyStackSynthesizer, Names, Stack, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { holdsWeightsOnly, MODEL_EXTENSIONS } from '../model/model-inspection';
import { checkReference } from '../model/stored-object';
import { keepsNoVersions, otherRegion } from '../optimization/artifact/bucket-checks';
import { checkInteger, checkPattern } from '../private/validation';
import type { ModelDeliveryProps } from './model-delivery-props';

const LONGEST_KEY = 512;

/** Returns all problems of a delivery's properties. */
export function checkDelivery(scope: IConstruct, props: ModelDeliveryProps): string[] {
  const { key, stackNames, bucket, parameterPrefix, stateMachineName, pollInterval } = props;
  return [
    ...keyProblems(key),
    ...stackProblems(stackNames),
    ...checkPattern('parameterPrefix', parameterPrefix, /^(\/[a-zA-Z0-9_.-]+)+$/,
      'a path of letters, digits, underscores, dots and hyphens that begins with a slash and does not end with one'),
    ...Token.isUnresolved(parameterPrefix) ? ['parameterPrefix must be known when the app is synthesized: the templates of other stacks have it'] : [],
    ...checkPattern('stateMachineName', stateMachineName, /^[a-zA-Z0-9_-]{1,80}$/, 'at most 80 letters, digits, underscores and hyphens'),
    ...checkInteger('pollInterval in seconds', pollInterval?.toSeconds({ integral: false }), 1, 300),
    ...bucket === undefined ? [] : regionProblems(scope, bucket),
    ...bucket !== undefined && keepsNoVersions(bucket) ? ['bucket must keep versions, because an upload is delivered as one: create it with versioned: true'] : [],
  ];
}

function regionProblems(scope: IConstruct, bucket: s3.IBucket): string[] {
  const elsewhere = otherRegion(scope, bucket);
  return elsewhere === undefined ? [] : [
    `bucket must be in the Region of its delivery, ${Stack.of(scope).region}, because S3 sends events of uploads to EventBridge there, got one in ${elsewhere}: give each Region a delivery with a `
    + 'bucket of its own',
  ];
}

function keyProblems(key: string): string[] {
  if (Token.isUnresolved(key)) {
    return ['key must be known when the app is synthesized: its ending says what kind of model it holds'];
  }
  const problems = checkReference('key', key, {}, MODEL_EXTENSIONS);
  if (key.endsWith('/')) {
    problems.push(`key must be of one object, got the prefix ${JSON.stringify(key)}: zip the SavedModel's files, so that an upload is complete at once`);
  }
  if (holdsWeightsOnly(basename(key))) {
    problems.push(`${JSON.stringify(key)} holds weights without a model: load them into the model and call model.export(directory)`);
  }
  if (key.length > LONGEST_KEY || /[{}%]/.test(key)) {
    problems.push(`key must have at most ${LONGEST_KEY} characters, without braces and percent signs, got ${JSON.stringify(key)}`);
  }
  return problems;
}

function stackProblems(names: string[]): string[] {
  const problems: string[] = [];
  if (names.length === 0) {
    problems.push('stackNames must name at least one stack: those that serve the model, in the order in which an upload is to update them');
  }
  if (names.some((name) => Token.isUnresolved(name))) {
    problems.push('stackNames must be known when the app is synthesized: give the stacks a stackName');
  }
  const unfit = names.filter((name) => !Token.isUnresolved(name) && !/^[a-zA-Z][a-zA-Z0-9-]{0,127}$/.test(name));
  if (unfit.length > 0) {
    problems.push(`stackNames must be names of stacks, of at most 128 letters, digits and hyphens, got ${unfit.map((name) => JSON.stringify(name)).join(', ')}`);
  }
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) {
    problems.push(`stackNames must name each stack once, got ${twice.map((name) => JSON.stringify(name)).join(', ')} more than once`);
  }
  return problems;
}

/** Returns the problem of a bucket of this app that tells EventBridge of no upload. Call it when the app is complete, because that can be switched on late. */
export function checkEvents(bucket: s3.IBucket): string[] {
  const made = bucket.node.defaultChild;
  // The CDK makes this child for every kind of notification, the one to EventBridge too.
  if (!(made instanceof s3.CfnBucket) || made.notificationConfiguration !== undefined || bucket.node.tryFindChild('Notifications')) {
    return [];
  }
  return [`bucket must send its events to EventBridge, because a delivery begins with one, and ${JSON.stringify(bucket.node.path)} sends none: create it with `
    + 'eventBridgeEnabled: true, or call its enableEventBridgeNotification()'];
}

/** Returns the stacks of the app that a delivery updates in vain or cannot update, and those that it leaves out although they take their model from it. */
export function checkStacks(delivery: IConstruct & { sourceParameterName: string }, stackNames: string[]): string[] {
  const stacks = delivery.node.root.node.findAll().filter((it): it is Stack => Stack.isStack(it));
  const named = stacks.filter((stack) => stackNames.includes(stack.stackName) && isBeside(stack, Stack.of(delivery)));
  const takers = stacks.filter((stack) => takesFrom(stack, delivery.sourceParameterName));
  return [
    ...named.filter((stack) => !takers.includes(stack)).map((stack) => `the stack ${JSON.stringify(stack.stackName)} is one of the stackNames of `
      + `${JSON.stringify(delivery.node.path)}, and takes no model from it. A model from ModelSource.fromAsset or fromBucket would be a second source of truth: `
      + 'an upload would not change it, and each cdk deploy would bring it back. Give its endpoint or ModelOptimizer ModelSource.fromDelivery(delivery), or '
      + 'leave the stack out'),
    ...takers.filter((stack) => !stackNames.includes(stack.stackName)).map((stack) => `the stack ${JSON.stringify(stack.stackName)} takes its model from `
      + `${JSON.stringify(delivery.node.path)}, whose stackNames are ${JSON.stringify(stackNames)}: an upload would not become live there; add it`),
    ...takers.filter(({ synthesizer }) => synthesizer instanceof CliCredentialsStackSynthesizer || synthesizer instanceof LegacyStackSynthesizer)
      .map((stack) => `the stack ${JSON.stringify(stack.stackName)} has the synthesizer ${stack.synthesizer.constructor.name}, which gives it no execution role, so CloudFormation `
        + `would update it as ${JSON.stringify(delivery.node.path)}, which may not change its resources: give the stack a DefaultStackSynthesizer`),
  ];
}

function takesFrom(stack: Stack, parameterName: string): boolean {
  return stack.node.findAll().some((it) => it instanceof CfnParameter && Stack.of(it) === stack && it.default === parameterName);
}

/** Another environment of the app may have stacks of the same names. */
function isBeside(stack: Stack, other: Stack): boolean {
  return (['account', 'region'] as const).every((name) => stack[name] === other[name] || Token.isUnresolved(stack[name]) || Token.isUnresolved(other[name]));
}

/** The default beginning of the names of the parameters, the same as long as the construct stays where it is. */
export function defaultParameterPrefix(scope: IConstruct): string {
  return `/cdk-tensorflow/${Names.uniqueResourceName(scope, { maxLength: 200, separator: '-', allowedSpecialCharacters: '-_.' })}`;
}
