import { parseDocsOptions } from '../../scripts/docs/options';

test('a site is built for the root of a host, and served only if that is wanted', () => {
  expect(parseDocsOptions([])).toEqual({ base: '/', serve: false, browser: false, port: 4173 });
  expect(parseDocsOptions(['--serve', '--port', '0', '--base', '/cdk-tensorflow/'])).toEqual({ base: '/cdk-tensorflow/', serve: true, browser: false, port: 0 });
  expect(parseDocsOptions(['--help'])).toBeUndefined();
});

test('all problems are told at once', () => {
  expect(() => parseDocsOptions(['--port', '70000', '--base', 'docs'])).toThrow(
    '--port goes with --serve\n--port must be a number from 0 to 65535, got "70000"\n--base must be a path with a slash at both ends, such as /cdk-tensorflow/, got "docs"',
  );
  expect(() => parseDocsOptions(['--serve', '--browser'])).toThrow('leave out --serve');
  expect(() => parseDocsOptions(['--nothing'])).toThrow('--nothing');
});
