import { CfnOutput, Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/** Sends `{"method", "url", "body"}` from inside the VPC and returns `{"status", "body"}` before its own timeout: each address may take 5 seconds. */
const CODE = `
import json, urllib.error, urllib.request

def handler(event, context):
    body = event.get("body")
    request = urllib.request.Request(
        event["url"], method=event["method"], data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return {"status": response.status, "body": response.read().decode()}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode()}
    except OSError as error:
        return {"status": 0, "body": str(error)}
`;

/** A function that sends requests from inside the VPC, because the models' load balancers are internal. */
export class Probe extends Construct implements ec2.IConnectable {
  public readonly connections: ec2.Connections;

  constructor(scope: Construct, id: string, props: { readonly vpc: ec2.IVpc; readonly vpcSubnets?: ec2.SubnetSelection }) {
    super(scope, id);
    const probe = new lambda.Function(this, 'Function', {
      runtime: lambda.Runtime.PYTHON_3_13,
      handler: 'index.handler',
      code: lambda.Code.fromInline(CODE),
      timeout: Duration.seconds(60),
      ...props,
    });
    this.connections = probe.connections;
    new CfnOutput(scope, 'ProbeName', { value: probe.functionName });
  }
}
