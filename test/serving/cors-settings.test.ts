import { Duration, Lazy, Token } from 'aws-cdk-lib';
import { corsProblems } from '../../lib/serving/cors-settings';

describe('corsProblems', () => {
  test('accepts no permission at all', () => {
    expect(corsProblems(undefined)).toEqual([]);
  });

  test.each([
    '*', 'https://www.example.com', 'http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:8080', 'https://a_b.example', 'https://xn--mnchen-3ya.example',
    `https://${'a'.repeat(245)}`,
  ])('accepts the origin %s', (origin) => {
    expect(corsProblems({ allowedOrigins: [origin] })).toEqual([]);
  });

  test.each([
    '', 'null', 'example.com', 'https://', 'https://a/', 'https://a/page', 'https://a?b', 'https://a#b', 'https://A.example', 'HTTPS://a', 'ftp://a',
    'chrome-extension://abc', 'https://*.example.com', 'https://user@a', 'https://a:443', 'http://a:80', 'https://a:0', 'https://a:', 'https://a:070',
    'https://a:70000', 'https://[0:0::1]', 'https://1.2.3', 'https://münchen.example', 'https://a\r\nb: c', ' https://a', 'https://a,https://b', 'https://a b',
    `https://${'a'.repeat(246)}`,
  ])('refuses the origin %j, which no browser sends', (origin) => {
    expect(corsProblems({ allowedOrigins: [origin] })).toEqual([
      expect.stringMatching(/^cors\.allowedOrigins must have origins as browsers send them, got .*: write http:\/\/ or https:\/\//s),
    ]);
  });

  test.each<[string, Parameters<typeof corsProblems>[0], RegExp]>([
    ['no origin', { allowedOrigins: [] }, /^cors\.allowedOrigins must have from 1 to 100 entries, got 0: leave cors out/],
    ['origins of a function URL that are missing', {}, /^cors\.allowedOrigins must have from 1 to 100 entries, got 0/],
    ['too many origins', { allowedOrigins: Array.from({ length: 101 }, (_, index) => `https://a${index}`) }, /entries, got 101/],
    ['* beside another origin', { allowedOrigins: ['*', 'https://a'] }, /must not have other origins beside '\*'/],
    ['* with credentials', { allowedOrigins: ['*'], allowCredentials: true }, /^cors\.allowCredentials must not be true with the origin '\*'/],
    ['no header', { allowedOrigins: ['*'], allowedHeaders: [] }, /^cors\.allowedHeaders must have from 1 to 100 entries, got 0: leave it out/],
    ['a header with a line end', { allowedOrigins: ['*'], allowedHeaders: ['a\r\nb'] }, /^cors\.allowedHeaders must have names of headers, got "a\\r\\nb"$/],
    ['two headers in one text', { allowedOrigins: ['*'], allowedHeaders: ['a, b'] }, /^cors\.allowedHeaders must have names of headers/],
    ['more than a day', { allowedOrigins: ['*'], maxAge: Duration.seconds(86_401) }, /^cors\.maxAge in seconds must be between 0 and 86400, got 86401/],
    ['a part of a second', { allowedOrigins: ['*'], maxAge: Duration.millis(1500) }, /^cors\.maxAge in seconds must be a whole number .* got 1\.5/],
  ])('refuses %s', (_, cors, problem) => {
    expect(corsProblems(cors)).toEqual([expect.stringMatching(problem)]);
  });

  test('accepts the limits, and credentials for origins that are named', () => {
    expect(corsProblems({ allowedOrigins: ['*'], maxAge: Duration.days(1) })).toEqual([]);
    expect(corsProblems({ allowedOrigins: ['*'], maxAge: Duration.seconds(0) })).toEqual([]);
    expect(corsProblems({ allowedOrigins: ['https://a'], allowCredentials: true })).toEqual([]);
  });

  test('leaves tokens to the program', () => {
    const token = Lazy.string({ produce: () => 'https://a' });

    expect(corsProblems({ allowedOrigins: [token], allowedHeaders: [token], maxAge: Duration.seconds(Lazy.number({ produce: () => 1 })) })).toEqual([]);
    expect(corsProblems({ allowedOrigins: Token.asList({ Ref: 'Origins' }) })).toEqual([]);
  });
});
