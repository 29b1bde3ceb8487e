import { Token } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';

/**
 * Returns a problem for each property that its log group's class does not support: only the class Standard has metrics from log lines and subscription
 * filters.
 *
 * @param logGroup the user's; the class of an imported one is not known
 * @param needs whether a property needs the class Standard, by its name
 */
export function checkLogGroupClass(logGroup: logs.ILogGroup | undefined, needs: Record<string, boolean>): string[] {
  const made = logGroup?.node.defaultChild;
  const given = made instanceof logs.CfnLogGroup ? made.logGroupClass : undefined;
  if (given === undefined || Token.isUnresolved(given) || given === logs.LogGroupClass.STANDARD) {
    return [];
  }
  return Object.keys(needs).filter((name) => needs[name]).map((name) => `${name} needs a logGroup of the class ${logs.LogGroupClass.STANDARD}, got one of the class ${given}, `
    + `a class without metrics from log lines and without subscription filters: give another logGroup, or ${name === 'embeddedMetrics' ? 'embeddedMetrics: false' : `leave ${name} out`}`);
}
