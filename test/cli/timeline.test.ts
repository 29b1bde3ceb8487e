import { serveInput } from '../../cli/delivery/timeline';
import { LONGEST_PARAMETER } from '../../lib/model/delivery-source';

const version = (index: number) => ({
  stack: 'Serving', model: `digits-${index}`, bucket: 'artifacts', manifestKey: `digits-${index}/litert/3/manifest.json`, manifestSha256: 'a'.repeat(64),
});
const versions = (count: number) => Array.from({ length: count }, (_, index) => version(index));

describe('the input of an execution that goes back', () => {
  test('names a version once that two stacks serve', () => {
    expect(serveInput([version(1), { ...version(1), stack: 'Other' }]).serve).toHaveLength(1);
  });

  test('has what fits into the parameter, and refuses more with a way out', () => {
    let count = 1;
    while (JSON.stringify(serveInput(versions(count)).serve).length <= LONGEST_PARAMETER - 200) {
      count += 1;
    }

    expect(serveInput(versions(count)).serve).toHaveLength(count);
    expect(() => serveInput(versions(count + 2))).toThrow(
      /the \d+ versions to go back to take \d+ characters, and a parameter of Systems Manager 4096: divide the models/);
  });
});
