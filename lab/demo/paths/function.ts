import { callFunctionUrl } from '../../emulator/client/function-url';
import type { DemoPath } from '../path';

/** AWS Lambda behind a function URL. */
export const functionPath: DemoPath = {
  name: 'function',
  label: 'function',
  server: 'LiteRT',
  stack: 'FunctionStack',
  title: 'AWS Lambda, LiteRT',
  change: { title: 'with more memory', context: { memorySize: '2048' } },
  async connect({ emulator }, outputs) {
    return {
      address: {
        endpoint: { url: outputs.Url.replace(/\/$/, ''), signing: { service: 'lambda', region: emulator.region } },
        instead: { host: '127.0.0.1', port: emulator.port, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } },
      },
      request: (method, path, body) => callFunctionUrl(outputs.Url, emulator.port, emulator.region, method, path, body),
    };
  },
};
