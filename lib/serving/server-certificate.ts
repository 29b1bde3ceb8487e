import { Token } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { PropertyType } from '../private/property-types';
import { checkPattern } from '../private/validation';

/** Directory of a Kubernetes secret's files in a pod. */
const CERTIFICATE_DIRECTORY = '/etc/model-server/tls';

/** The certificate by which the LiteRT server encrypts the connections of both ports. */
export abstract class ServerCertificate {
  /**
   * Uses a secret of AWS Secrets Manager, for pods and instances. Its value is JSON: `{"certificate": "…", "privateKey": "…"}`, both as PEM.
   * The certificate is followed by those that sign it, if there are any.
   *
   * The server reads the secret when it starts, with the role of the pods or instances, and every five minutes afterwards: a rotated certificate
   * serves new connections without a restart.
   *
   * @param secret the secret, in the Region of the endpoint
   * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html
   */
  public static fromSecretsManager(secret: secretsmanager.ISecret): ServerCertificate {
    return new SecretsManagerCertificate(secret);
  }

  /**
   * Uses a secret of the cluster, of the type `kubernetes.io/tls`, such as cert-manager makes and renews. For `ModelService` only.
   *
   * It must exist in the namespace of the service: pods wait for it. A renewed certificate serves new connections as soon as Kubernetes has
   * updated the files of the pod, which takes about a minute.
   *
   * @param name name of the secret
   * @see https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets
   */
  public static fromKubernetesSecret(name: string): ServerCertificate {
    return new KubernetesCertificate(name);
  }

  /** Flags of the server. @internal */
  public abstract readonly _flags: { readonly [flag: string]: string };

  /** Name of the Kubernetes secret that pods mount, and where. @internal */
  public readonly _mount?: { readonly secretName: string; readonly mountPath: string };

  /** Returns all problems that are detectable at synthesis. @internal */
  public abstract _problems(): string[];

  /** Lets the server's role read it. @internal */
  public abstract _grantRead(role: iam.IRole): iam.Grant[];
}

class SecretsManagerCertificate extends ServerCertificate {
  public readonly _flags: { readonly [flag: string]: string };

  constructor(private readonly secret: secretsmanager.ISecret) {
    super();
    this._flags = { tls_secret_arn: secret.secretArn };
  }

  public _problems() {
    return [];
  }

  public _grantRead(role: iam.IRole) {
    return [this.secret.grantRead(role)];
  }
}

class KubernetesCertificate extends ServerCertificate {
  public readonly _flags = { tls_certificate_file: `${CERTIFICATE_DIRECTORY}/tls.crt`, tls_key_file: `${CERTIFICATE_DIRECTORY}/tls.key` };
  public override readonly _mount: { readonly secretName: string; readonly mountPath: string };

  constructor(private readonly name: string) {
    super();
    this._mount = { secretName: name, mountPath: CERTIFICATE_DIRECTORY };
  }

  public _problems() {
    return Token.isUnresolved(this.name) ? [] : checkPattern(
      'the secret of serverCertificate', this.name, /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
      'the name of a Kubernetes secret, of at most 253 lower-case letters, digits, hyphens and dots, with a letter or digit at both ends',
    );
  }

  public _grantRead() {
    return [];
  }
}

export const SERVER_CERTIFICATE: PropertyType<ServerCertificate> = {
  member: '_grantRead', description: 'a ServerCertificate', example: () => 'ServerCertificate.fromSecretsManager(secret)',
};

/** Returns the problems of the certificate of instances. */
export function instanceCertificateProblems(serverCertificate: ServerCertificate | undefined): string[] {
  return serverCertificate?._mount === undefined
    ? [] : ['serverCertificate must not be a Kubernetes secret, which instances cannot read: give ServerCertificate.fromSecretsManager(secret)'];
}

/** Returns the problem of a certificate for a server that has no use for one. */
export function noCertificateProblems(serverCertificate: ServerCertificate | undefined): string[] {
  return serverCertificate === undefined ? [] : [
    'serverCertificate needs ModelServer.LITERT, because the health checks of pods and load balancers do not reach a TensorFlow Serving that encrypts: set server to '
    + 'ModelServer.LITERT, or leave serverCertificate out and encrypt in front of the server',
  ];
}
