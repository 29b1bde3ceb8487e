import { Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';

export function checkInstanceType(instanceType: ec2.InstanceType): string[] {
  const name = instanceType.toString();
  if (Token.isUnresolved(name) || instanceType.architecture !== ec2.InstanceArchitecture.ARM_64) {
    return [];
  }
  return [
    `instanceType must be of x86_64, got ${JSON.stringify(name)}: there is no official TensorFlow Serving for arm64; `
    + 'give a type such as m7i.large, or serve with ModelFunction, which runs on arm64',
  ];
}

/**
 * Returns the processor features, relevant for optimization, of an instance type; undefined if unknown.
 *
 * bfloat16 needs Intel from Sapphire Rapids or AMD from Genoa: generation 7 of the families with an i or a in their name.
 */
export function cpuFeaturesOf(instanceType: ec2.InstanceType): string[] | undefined {
  const name = instanceType.toString();
  if (Token.isUnresolved(name)) {
    return undefined;
  }
  const [, family, generation, options] = /^([a-z]+)(\d+)([a-z-]*)\./.exec(name) ?? [];
  const known = ['m', 'c', 'r', 'i', 'x'].includes(family) && Number(generation) >= 7 && /^(i|a)/.test(options);
  return known ? ['bf16', 'avx512_bf16', 'avx512f', 'avx2'] : ['avx2'];
}
