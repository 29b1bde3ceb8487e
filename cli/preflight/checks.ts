import type { AccountAnswers, Quota } from './answers';
import type { Needs } from './needs';
import { ARCHITECTURES, BUILD_MACHINES } from './needs';

export interface Finding {
  /** Subject of the question. */
  readonly subject: string;
  /** `unknown` if the question could not be answered, which does not stop the run. */
  readonly result: 'fine' | 'problem' | 'unknown';
  /** The value that was found, and the one that is needed. */
  readonly fact: string;
  /** Absent if it is fine. */
  readonly wayOut?: string;
}

interface Question {
  readonly subject: string;
  /** The actions that it needs. */
  readonly actions: readonly string[];
  ask(): Promise<Omit<Finding, 'subject'>>;
}

/** Required by the templates and files of aws-cdk-lib. */
const OLDEST_BOOTSTRAP = 6;
/** Two custom resources of a stack take two executions each, while a check of the function takes three. */
const LAMBDA_EXECUTIONS = 10;
const ZONES = 2;
const IMAGE = { repository: 'tensorflow/serving', tag: '2.20.0' };

const PROCESSORS = 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances';
const ADDRESSES = 'EC2-VPC Elastic IPs';
const QUOTAS = ['servicequotas:ListServiceQuotas', 'servicequotas:ListAWSDefaultServiceQuotas'];

/** Ids of the zones in which EKS makes no control plane; the same zone has another name in another account. */
const REFUSED_BY_EKS = ['use1-az3', 'usw1-az2', 'cac1-az3'];

/** Checks everything that can prevent a deployment and costs nothing to check. */
export async function preflight(answers: AccountAnswers, needs: Needs): Promise<Finding[]> {
  const { architecture = 'x86_64', buildMachine = 'large' } = needs;
  const machine = `${ARCHITECTURES[architecture]}/${BUILD_MACHINES[buildMachine]}`;
  const questions: Question[] = [
    {
      subject: 'the version of `cdk bootstrap`',
      actions: ['ssm:GetParameter'],
      async ask() {
        const version = await answers.bootstrapVersion();
        return version === undefined
          ? expected(false, '`cdk bootstrap` has not been run in this account and Region', 'run `npx cdk bootstrap`, or give --qualifier if its stack has one of its own')
          : expected(version >= OLDEST_BOOTSTRAP, `cdk bootstrap has version ${version}, ${OLDEST_BOOTSTRAP} or newer is needed`, 'run `npx cdk bootstrap` again');
      },
    },
    {
      subject: 'the quota of builds',
      actions: QUOTAS,
      async ask() {
        const name = `Concurrently running builds for ${machine}`;
        const builds = valueOf(await answers.quotas('codebuild'), name);
        const fact = `CodeBuild runs ${builds} builds at a time on the machine type ${machine}, 1 is needed`;
        // Accounts without a history are held to fewer, which no API tells.
        return builds >= 1 ? unknowable(`${fact}; a new account may run none all the same`,
          'if the first build fails with "Cannot have more than 0 builds", set computeType to a smaller machine, or ask AWS Support')
          : expected(false, fact, `request a higher quota, "${name} environment", or set computeType to another machine`);
      },
    },
    {
      subject: "Lambda's concurrency",
      actions: ['lambda:GetAccountSettings'],
      async ask() {
        const { limit, unreserved } = await answers.lambdaConcurrency();
        return expected(unreserved >= LAMBDA_EXECUTIONS, `Lambda has ${unreserved} unreserved of ${limit} concurrent executions, ${LAMBDA_EXECUTIONS} are needed`,
          'request a higher quota, "Concurrent executions", or release reserved concurrency');
      },
    },
    {
      subject: 'the Availability Zones',
      actions: ['ec2:DescribeAvailabilityZones'],
      async ask() {
        return zonesFor(zonesIn(await answers.zones()), needs);
      },
    },
    ...(needs.processors > 0 ? [{
      subject: 'the quota of processors',
      actions: QUOTAS,
      async ask() {
        const processors = valueOf(await answers.quotas('ec2'), PROCESSORS);
        return expected(processors >= needs.processors, `EC2 allows ${processors} virtual processors of the standard families, ${needs.processors} are needed`,
          'request a higher quota, L-1216C47A');
      },
    }] : []),
    ...(needs.addresses > 0 ? [{
      subject: 'the Elastic IP addresses',
      actions: [...QUOTAS, 'ec2:DescribeAddresses'],
      async ask() {
        const quota = valueOf(await answers.quotas('ec2'), ADDRESSES);
        const used = [...(await answers.addresses()).matchAll(/<publicIp>/g)].length;
        return expected(quota - used >= needs.addresses, `${used} of ${quota} Elastic IP addresses are in use, ${needs.addresses} more are needed for NAT gateways`,
          'release some, or request a higher quota, L-0263D0A3');
      },
    }] : []),
    ...(needs.image ? [{
      subject: "TensorFlow Serving's image",
      actions: [],
      async ask() {
        const { status, pullsLeft } = await answers.image(IMAGE.repository, IMAGE.tag);
        const left = pullsLeft === undefined ? '' : `, with ${pullsLeft} pulls left to it`;
        const fact = `Docker Hub answers ${status} for ${IMAGE.repository}:${IMAGE.tag} to this address${left}`;
        return status === 404 ? expected(false, fact, 'copy the image to ECR and give it as servingImage')
          : unknowable(`${fact}; builds and nodes pull from other addresses, whose pulls are counted with those of strangers`,
            'copy the image to ECR and give it as servingImage, or choose ModelServer.LITERT, which needs no image');
      },
    }] : []),
    ...needs.stacks.map((stack) => ({
      subject: `rollback of ${stack}`,
      actions: ['cloudformation:DescribeStacks'],
      async ask() {
        const disabled = await answers.rollbackDisabled(stack);
        return expected(!disabled, disabled === undefined ? `${stack} does not exist yet` : `${stack} exists, rollback ${disabled ? 'disabled' : 'enabled'}`,
          'model updates replace resources, which CloudFormation refuses with rollback disabled (--no-rollback, --express): destroy the stack, or deploy it without the option');
      },
    })),
  ];
  return Promise.all(questions.map(answered));
}

/** Returns a line for each finding. */
export function reported(findings: readonly Finding[]): string {
  const marks = { fine: '✓', problem: '✗', unknown: '?' };
  return findings.map(({ result, fact, wayOut }) => `  ${marks[result]} ${fact}${wayOut ? `: ${wayOut}` : ''}\n`).join('');
}

export function problemsIn(findings: readonly Finding[]): number {
  return findings.filter(({ result }) => result === 'problem').length;
}

async function answered({ subject, actions, ask }: Question): Promise<Finding> {
  try {
    return { subject, ...await ask() };
  } catch (error) {
    return {
      subject, result: 'unknown',
      fact: `${subject} could not be queried (${error instanceof Error ? error.message : String(error)})`,
      wayOut: actions.length ? `allow ${actions.join(' and ')}, or check it yourself` : 'check it yourself',
    };
  }
}

function expected(fine: boolean, fact: string, wayOut: string): Omit<Finding, 'subject'> {
  return fine ? { result: 'fine', fact } : { result: 'problem', fact, wayOut };
}

/** Returns what was found where the account's answer does not decide. */
function unknowable(fact: string, wayOut: string): Omit<Finding, 'subject'> {
  return { result: 'unknown', fact, wayOut };
}

interface Zone {
  readonly name: string;
  readonly id: string;
}

/** Returns the zones of an answer by name, which is the order of `Fn::GetAZs`. */
function zonesIn(xml: string): Zone[] {
  // Each zone's id follows its name.
  return xml.split('<zoneName>').slice(1).map((text) => ({ name: /^[^<]*/.exec(text)![0], id: /<zoneId>([^<]+)<\/zoneId>/.exec(text)?.[1] ?? '' }))
    .sort((left, right) => left.name.localeCompare(right.name));
}

function zonesFor(zones: readonly Zone[], { zones: chosen, cluster }: Needs): Omit<Finding, 'subject'> {
  const names = zones.map(({ name }) => name);
  const missing = chosen?.filter((name) => !names.includes(name)) ?? [];
  const fact = `there are ${zones.length} Availability Zones (${names.join(', ')}), ${ZONES} are needed`;
  if (missing.length > 0) {
    return expected(false, `${missing.join(', ')} is none of the Region's Availability Zones (${names.join(', ')})`, 'choose two of them');
  }
  if (zones.length < ZONES) {
    return expected(false, fact, 'choose another Region');
  }
  const used = chosen === undefined ? zones.slice(0, ZONES) : zones.filter(({ name }) => chosen.includes(name));
  const refused = used.filter(({ id }) => cluster && REFUSED_BY_EKS.includes(id));
  if (refused.length === 0) {
    return expected(true, fact, '');
  }
  const others = zones.filter(({ id }) => !REFUSED_BY_EKS.includes(id)).slice(0, ZONES).map(({ name }) => name);
  return expected(false, `EKS makes no cluster in ${refused.map(({ name, id }) => `${name} (${id})`).join(', ')}`,
    `give the example \`-c zones=${others.join(',')}\`, and a network of your own no subnets for the cluster there`);
}

/** Returns the first quota whose name begins so. */
function valueOf(quotas: Quota[], name: string): number {
  const quota = quotas.find(({ QuotaName }) => QuotaName.startsWith(name));
  if (!quota) {
    throw new Error(`Service Quotas lists no ${JSON.stringify(name)}`);
  }
  return quota.Value;
}
