// The LiteRT server of this clone with the example's model of digits, for pages that are tried in a browser.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, tools } from '../setup/environment.mjs';

const PROGRAM = join(root, 'server', 'dist', process.arch === 'arm64' ? 'arm64' : 'x86_64', 'model_server');
const tensor = (shape) => ({ dtype: 'float32', shape: [-1, ...shape], tensor: { dtype: 'float32', shape: [1, ...shape] } });
const DESCRIPTION = {
  schemaVersion: 1, model: 'digits', version: 1, runtime: 'native', file: 'model.tflite', defaultSignature: 'serving_default',
  signatures: { serving_default: { batched: true, inputs: { image: tensor([28, 28, 1]) }, outputs: { output_0: tensor([10]) } } },
};
const SECONDS_TO_START = 60;

/** Starts the server, on any free port when absent, with further flags. Returns its address, and a function that ends it. */
export async function startDigitsServer(wanted, flags = []) {
  const directory = mkdtempSync(join(tmpdir(), 'digits-'));
  const model = join(directory, 'digits', '1');
  mkdirSync(model, { recursive: true });
  cpSync(join(root, 'examples', 'digits', 'model.tflite'), join(model, 'model.tflite'));
  writeFileSync(join(model, 'model.json'), JSON.stringify(DESCRIPTION));
  writeFileSync(join(model, 'SHA256SUMS'), ['model.json', 'model.tflite'].map((file) => `${sha256(join(model, file))}  ${file}\n`).join(''));
  const port = wanted ?? await freePort();
  const child = spawn(PROGRAM, [
    `--litert_library=${library()}`, `--litert_library_sha256=${sha256(library())}`, '--port=0', `--rest_api_port=${port}`, '--address=127.0.0.1',
    '--model_name=digits', `--model_base_path=${join(directory, 'digits')}`, '--model_version=1', ...flags,
  ], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  [child.stdout, child.stderr].forEach((stream) => stream.on('data', (text) => (output += text)));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const url = `http://127.0.0.1:${port}`;
  for (let tries = SECONDS_TO_START * 10; !(await answers(url)); tries -= 1) {
    if (child.exitCode !== null || tries === 0) {
      child.kill();
      throw new Error(`the LiteRT server does not answer: ${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    close: async () => {
      child.kill();
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answers(url) {
  return fetch(`${url}/v1/models/digits`).then((answer) => answer.ok, () => false);
}

function library() {
  const packages = join(tools, 'python', 'lib');
  return join(packages, readdirSync(packages).find((name) => name.startsWith('python3')), 'site-packages', 'ai_edge_litert', 'libLiteRt.so');
}

function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
