import { createHash } from 'crypto';
import { withPolicy } from '../../scripts/docs/policy';

const PAGE = '<html><head>\n<meta charset="utf-8">\n<script id="dark">a()</script>\n<script type="module" src="/app.js"></script></head></html>';
const policyOf = (html: string) => Object.fromEntries(/Content-Security-Policy" content="([^"]*)"/.exec(html)![1].split('; ')
  .map((directive) => [directive.split(' ')[0], directive.split(' ').slice(1)]));

test('a page may run its own scripts and WebAssembly, and reach no other host', () => {
  const digest = createHash('sha256').update('a()').digest('base64');
  const policy = policyOf(withPolicy(PAGE));

  expect(policy['script-src']).toEqual(["'self'", "'wasm-unsafe-eval'", `'sha256-${digest}'`]);
  expect(policy['default-src']).toEqual(["'self'"]);
  expect(policy['connect-src']).toEqual(["'self'"]);
  expect(Object.values(policy).flat().filter((source) => /^\w+:\/\/|\*/.test(source))).toEqual([]);
});

test('the policy stands before the first script', () => {
  const html = withPolicy(PAGE);
  expect(html.indexOf('Content-Security-Policy')).toBeLessThan(html.indexOf('<script'));
});

test('a page without a place for the policy is refused', () => {
  expect(() => withPolicy(PAGE.replace('utf-8', 'latin1'))).toThrow('must have <meta charset="utf-8"> once');
});
