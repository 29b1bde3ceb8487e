// The test that compares what roles may do with what they did comes after all others, whose recordings it reads.
const Sequencer = require('@jest/test-sequencer').default;

class GrantsLast extends Sequencer {
  sort(tests) {
    const isLast = ({ path }) => path.endsWith('grants.test.ts');
    const sorted = super.sort(tests);
    return [...sorted.filter((test) => !isLast(test)), ...sorted.filter(isLast)];
  }
}
module.exports = GrantsLast;
