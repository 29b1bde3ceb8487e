import { Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { grantArtifactCopy } from '../optimization/artifact/artifact-access';
import { acknowledgeWildcard } from '../private/acknowledge';
import { nameDefaultPolicy } from '../private/default-policy';
import { grantKey } from '../private/key-grant';
import type { StoredBinary } from '../serving/stored-binary';
import type { ObjectIdentity } from './kubernetes-object';

export interface ServiceRoleOptions {
  readonly clusterName: string;
  readonly identity: ObjectIdentity;
  readonly bucket: s3.IBucket;
  /** Key prefix before the version, with a trailing slash. */
  readonly prefix: string;
  /** Other files that pods copy. */
  readonly files: StoredBinary[];
  readonly role?: iam.IRole;
}

/** The role of a service's pods, associated with their service account by EKS Pod Identity. */
export class ServiceRole extends Construct {
  public readonly role: iam.IRole;
  public readonly association: eks.CfnPodIdentityAssociation;

  constructor(scope: Construct, id: string, options: ServiceRoleOptions) {
    super(scope, id);
    this.role = options.role ?? new iam.Role(this, 'Role', {
      // Pod Identity identifies the pod by session tags.
      assumedBy: new iam.SessionTagsPrincipal(new iam.ServicePrincipal('pods.eks.amazonaws.com')),
      description: `Reads the TensorFlow model that ${Stack.of(this).stackName}/${options.identity.name} serves`,
    });
    if (options.role === undefined) {
      nameDefaultPolicy(this.role);
    }
    const pattern = `${options.prefix}*`;
    grantArtifactCopy(this.role, options.bucket, [pattern]);
    options.files.forEach((file) => this.allowRead(file));
    acknowledgeWildcard(this.role, options.bucket.arnForObjects(pattern), 'Every version of this model, which pods of two versions read while one replaces the other');
    this.association = new eks.CfnPodIdentityAssociation(this, 'Association', {
      clusterName: options.clusterName,
      namespace: options.identity.namespace,
      serviceAccount: options.identity.name,
      roleArn: this.role.roleArn,
    });
  }

  private allowRead({ bucket, key }: StoredBinary): void {
    iam.Grant.addToPrincipal({ grantee: this.role, actions: ['s3:GetObject'], resourceArns: [bucket.arnForObjects(key)] });
    grantKey(bucket.encryptionKey, this.role, 'kms:Decrypt');
  }
}
