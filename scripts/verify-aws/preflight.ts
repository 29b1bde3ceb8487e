import type { AccountAnswers, Quota } from './account-answers';

/** Maximum needs of the stacks in a run. */
export interface Needs {
  readonly stacks: readonly string[];
  /** Virtual processors of EC2's standard families. */
  readonly processors: number;
  /** Elastic IP addresses, one for each NAT gateway. */
  readonly addresses: number;
  /** Whether pods or the build pull TensorFlow Serving's image. */
  readonly image: boolean;
}

export interface Finding {
  /** `unknown` if the question could not be answered, which does not stop the run. */
  readonly result: 'fine' | 'problem' | 'unknown';
  readonly sentence: string;
}

/** Required by the templates and files of aws-cdk-lib. */
const OLDEST_BOOTSTRAP = 6;
/** Two custom resources of a stack take two executions each, while a check of the function takes three. */
const LAMBDA_EXECUTIONS = 10;
const ZONES = 2;
const IMAGE = { repository: 'tensorflow/serving', tag: '2.20.0' };
const FEWEST_PULLS = 10;

const PROCESSORS = 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances';
const BUILDS = 'Concurrently running builds for Linux/Large environment';
const ADDRESSES = 'EC2-VPC Elastic IPs';

/** Checks everything that can prevent a deployment and costs nothing to check. */
export async function preflight(answers: AccountAnswers, needs: Needs): Promise<Finding[]> {
  const questions: (Promise<Finding | Finding[]>)[] = [
    asked('the version of `cdk bootstrap`', async () => {
      const version = await answers.bootstrapVersion();
      return expect(version >= OLDEST_BOOTSTRAP, `cdk bootstrap has version ${version}, ${OLDEST_BOOTSTRAP} or newer is needed`, 'run `npx cdk bootstrap` again');
    }),
    asked('the quota of builds', async () => {
      const builds = valueOf(await answers.quotas('codebuild'), BUILDS);
      return expect(builds >= 1, `CodeBuild runs ${builds} builds at a time on the machine type Linux/Large, 1 is needed`,
        `ask for a higher quota, "${BUILDS}", or set computeType to a smaller machine`);
    }),
    asked("Lambda's concurrency", async () => {
      const { limit, unreserved } = await answers.lambdaConcurrency();
      return expect(unreserved >= LAMBDA_EXECUTIONS, `Lambda has ${unreserved} unreserved of ${limit} concurrent executions, ${LAMBDA_EXECUTIONS} are needed`,
        'ask for a higher quota, "Concurrent executions", or release reserved concurrency');
    }),
    asked('the Availability Zones', async () => {
      const zones = [...(await answers.zones()).matchAll(/<zoneName>([^<]+)<\/zoneName>/g)].map(([, name]) => name);
      return expect(zones.length >= ZONES, `there are ${zones.length} Availability Zones (${zones.join(', ')}), ${ZONES} are needed`, 'choose another Region');
    }),
    ...(needs.processors > 0 ? [asked('the quota of processors', async () => {
      const processors = valueOf(await answers.quotas('ec2'), PROCESSORS);
      return expect(processors >= needs.processors, `EC2 allows ${processors} virtual processors of the standard families, ${needs.processors} are needed`,
        'ask for a higher quota, L-1216C47A');
    })] : []),
    ...(needs.addresses > 0 ? [asked('the Elastic IP addresses', async () => {
      const quota = valueOf(await answers.quotas('ec2'), ADDRESSES);
      const used = [...(await answers.addresses()).matchAll(/<publicIp>/g)].length;
      return expect(quota - used >= needs.addresses, `${used} of ${quota} Elastic IP addresses are in use, ${needs.addresses} more are needed for NAT gateways`,
        'release some, or ask for a higher quota, L-0263D0A3');
    })] : []),
    ...(needs.image ? [asked("TensorFlow Serving's image", async () => {
      const { status, pullsLeft } = await answers.image(IMAGE.repository, IMAGE.tag);
      const left = pullsLeft === undefined ? '' : `, and ${pullsLeft} pulls are left to this address`;
      return expect(status === 200 && (pullsLeft ?? FEWEST_PULLS) >= FEWEST_PULLS, `Docker Hub answers ${status} for ${IMAGE.repository}:${IMAGE.tag}${left}`,
        'copy the image to ECR and give it as servingImage');
    })] : []),
    ...needs.stacks.map((stack) => asked(`rollback of ${stack}`, async () => {
      const disabled = await answers.rollbackDisabled(stack);
      return expect(!disabled, disabled === undefined ? `${stack} does not exist yet` : `${stack} exists, rollback ${disabled ? 'disabled' : 'enabled'}`,
        'model updates replace resources, which CloudFormation refuses with rollback disabled (--no-rollback, --express): destroy the stack, or deploy it without the option');
    })),
  ];
  return (await Promise.all(questions)).flat();
}

export function reported(findings: readonly Finding[]): string {
  const marks = { fine: '✓', problem: '✗', unknown: '?' };
  return findings.map(({ result, sentence }) => `  ${marks[result]} ${sentence}\n`).join('');
}

async function asked(subject: string, question: () => Promise<Finding>): Promise<Finding> {
  try {
    return await question();
  } catch (error) {
    return { result: 'unknown', sentence: `${subject} could not be asked: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function expect(fine: boolean, fact: string, wayOut: string): Finding {
  return fine ? { result: 'fine', sentence: fact } : { result: 'problem', sentence: `${fact}: ${wayOut}` };
}

function valueOf(quotas: Quota[], name: string): number {
  const quota = quotas.find(({ QuotaName }) => QuotaName === name);
  if (!quota) {
    throw new Error(`Service Quotas lists no ${JSON.stringify(name)}`);
  }
  return quota.Value;
}
