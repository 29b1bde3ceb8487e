import { readFileSync } from 'fs';
import { TOOLCHAIN } from '../../lib/optimization/build/job';

const requirements = readFileSync('optimizer/requirements.txt', 'utf8');

test.each([['tensorflow', TOOLCHAIN.tensorflow], ['tensorflow-cpu', TOOLCHAIN.tensorflow], ['ai-edge-litert', TOOLCHAIN.litert]])(
  'the build key names the version of %s that the optimizer installs', (name, version) => {
    expect(new RegExp(`^${name}==([^ ;\\\\]+)`, 'm').exec(requirements)?.[1]).toBe(version);
  });

test('the build key names the behavior version that the optimizer declares', () => {
  const config = readFileSync('optimizer/src/tensorflow_optimizer/documents/job.py', 'utf8');

  expect(Number(/^BEHAVIOR_VERSION = (\d+)$/m.exec(config)?.[1])).toBe(TOOLCHAIN.behaviorVersion);
});
