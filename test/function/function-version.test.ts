import { App, Stack } from 'aws-cdk-lib';
import { PythonBundling } from '../../lib';
import { FakeHost, SHARED_OBJECT, wheel } from '../bundling/fake-tools';
import { FLAG_SETS, modelFunction, resourceOf } from './fixtures';

const LITERT = wheel('ai_edge_litert', '2.3.0', 'manylinux_2_27_x86_64', { 'ai_edge_litert/libLiteRt.so': SHARED_OBJECT, 'ai_edge_litert/__init__.py': '' });

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
  host.addPython('python3.13', '3.13');
});
afterEach(() => host.remove());

/** The version and the variables of a function that is bundled with the tools of the host. */
function bundled(flags: Record<string, unknown>, bundling?: PythonBundling) {
  const stack = new Stack(new App({ context: flags }), 'Stack');
  modelFunction(stack, { bundling });
  return {
    version: resourceOf(stack, 'AWS::Lambda::Version').id,
    variables: JSON.stringify(resourceOf(stack, 'AWS::Lambda::Function', 'Digits').properties.Environment.Variables),
  };
}

describe.each(FLAG_SETS)('%s', (_, flags) => {
  test('code bundled by another tool is another configuration if it is another version: the files may be equal, and Lambda publishes nothing twice', () => {
    host.addUv(LITERT);
    const laptop = bundled(flags);
    host.addDocker(LITERT);
    const pipeline = bundled(flags, PythonBundling.docker());

    expect(pipeline.version).not.toEqual(laptop.version);
    expect(pipeline.variables).not.toEqual(laptop.variables);
  });

  test('the same code bundled by the same tools is the same version of the same configuration', () => {
    host.addUv(LITERT);

    expect(bundled(flags)).toEqual(bundled(flags));
  });
});
