import { Token, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ModelServer } from '../serving/model-server';

export const DEFAULT_INSTANCE_TYPE = ec2.InstanceType.of(ec2.InstanceClass.M7I, ec2.InstanceSize.LARGE);

/** Types whose processor the CDK can tell. */
const KNOWN_FORM = /^[a-z]+\d{1,2}[a-z-]*\.[a-z0-9-]+$/;

/** Returns the processor of an instance type: x86_64 if the type is known only when the stack is deployed. */
export function processorOf(instanceType = DEFAULT_INSTANCE_TYPE): lambda.Architecture {
  return KNOWN_FORM.test(instanceType.toString()) && instanceType.architecture === ec2.InstanceArchitecture.ARM_64
    ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64;
}

export function checkInstanceType(instanceType: ec2.InstanceType, server?: ModelServer): string[] {
  const name = instanceType.toString();
  if (!Token.isUnresolved(name) && !KNOWN_FORM.test(name)) {
    return [`instanceType must be a family with its generation and a size, got ${JSON.stringify(name)}: give a type such as m7i.large`];
  }
  if (server === ModelServer.LITERT || processorOf(instanceType) === lambda.Architecture.X86_64) {
    return [];
  }
  return [
    `instanceType must be of x86_64, got ${JSON.stringify(name)}: there is no official TensorFlow Serving for arm64; `
    + 'give a type such as m7i.large, or serve with ModelServer.LITERT or ModelFunction, which run on arm64',
  ];
}

/** Warns of types that cost more than they serve, or that a busy server slows down. */
export function warnOfInstanceType(scope: Construct, instanceType = DEFAULT_INSTANCE_TYPE): void {
  const name = instanceType.toString();
  const [, family, size] = Token.isUnresolved(name) ? [] : /^([a-z]+)\d+[a-z-]*\.(.*)$/.exec(name) ?? [];
  if (/^(g|gr|p|inf|trn|dl|vt|f)$/.test(family ?? '')) {
    Validations.of(scope).addWarning('cdk-tensorflow:IdleAccelerator', `instanceType ${JSON.stringify(name)} has accelerators, which no server of this library uses: `
      + 'give a type with processors alone, such as m7i.large');
  }
  if (family === 't') {
    const small = /^(nano|micro)$/.test(size ?? '') ? ', and has too little memory for most models' : '';
    Validations.of(scope).addWarning('cdk-tensorflow:BurstableInstance', `instanceType ${JSON.stringify(name)} computes at full speed only while it has credits${small}: `
      + 'give a type such as m7i.large for steady traffic');
  }
}

/**
 * Returns the processor features, relevant for optimization, of an instance type; undefined if unknown.
 *
 * bfloat16 needs Intel from Sapphire Rapids or AMD from Genoa: generation 7 of the families with an i or a in their name.
 */
export function cpuFeaturesOf(instanceType = DEFAULT_INSTANCE_TYPE): string[] | undefined {
  const name = instanceType.toString();
  if (Token.isUnresolved(name)) {
    return undefined;
  }
  const [, family, generation, options] = /^([a-z]+)(\d+)([a-z-]*)\./.exec(name) ?? [];
  const known = ['m', 'c', 'r', 'i', 'x'].includes(family) && Number(generation) >= 7 && /^(i|a)/.test(options);
  return known ? ['bf16', 'avx512_bf16', 'avx512f', 'avx2'] : ['avx2'];
}
