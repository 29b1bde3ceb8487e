import { endpointOfPage } from '../../../cli/open/endpoint';

describe('endpointOfPage', () => {
  test.each<[string, string, object]>([
    ['a server', 'http://localhost:8501/v1/models/digits/explorer', { url: 'http://localhost:8501', model: 'digits' }],
    ['a version', 'http://localhost:8501/v1/models/digits/versions/3/explorer', { url: 'http://localhost:8501', model: 'digits' }],
    ['an API with a stage', 'https://abc.execute-api.eu-west-1.amazonaws.com/prod/v1/models/a%20b/explorer',
      { url: 'https://abc.execute-api.eu-west-1.amazonaws.com/prod', model: 'a b' }],
  ])('finds %s that serves the page itself', (_, address, expected) => {
    expect(endpointOfPage(new URL(address))).toEqual(expected);
  });

  test('finds none at the address of a proxy', () => {
    expect(endpointOfPage(new URL('http://127.0.0.1:41234/6f0c/'))).toBeUndefined();
  });
});
