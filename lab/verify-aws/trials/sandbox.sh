#!/bin/bash
# Tries TensorFlow Serving's own program under the unit of an instance, and writes what came of it to the bucket: `serves`, or
# which setting of the sandbox keeps it from serving. Reads BUCKET, MANIFEST_KEY, RESULT_KEY, PROGRAM, MODELS, UNIT and SANDBOX.
set -uo pipefail
NAME=model-server.service
PATIENCE=${PATIENCE:-120}
RESULT=${RESULT:-/tmp/sandbox-result}

# The role of a new instance works after some seconds only.
fetched() {
  for _ in $(seq 20); do
    fetch && return 0
    sleep 15
  done
  return 1
}

fetch() {
  aws s3 cp --only-show-errors "s3://$BUCKET/$MANIFEST_KEY" /tmp/manifest.json &&
    aws s3 cp --only-show-errors "s3://$BUCKET/$(python3 -c 'import json; print(json.load(open("/tmp/manifest.json"))["server"]["key"])')" "$PROGRAM" &&
    aws s3 sync --only-show-errors "s3://$BUCKET/${MANIFEST_KEY%/*}/" "$MODELS/1/" &&
    chmod 755 "$PROGRAM" && chmod -R a+rX "$MODELS"
}

# Starts the unit with the lines of the sandbox but those that match a pattern, and tells whether the model is served.
serves_without() {
  grep -vxE -- "$1" "$UNIT" > "${UNITS:-/etc/systemd/system}/$NAME"
  systemctl daemon-reload
  systemctl restart "$NAME"
  for _ in $(seq "$PATIENCE"); do
    curl -sf "http://127.0.0.1:8501/v1/models/digits/metadata" > /dev/null && return 0
    sleep 1
  done
  return 1
}

examine() {
  fetched || { echo "the program or the model cannot be fetched"; return; }
  serves_without 'no line' && { echo "serves"; return; }
  journalctl -u "$NAME" -n 20 --no-pager
  local found="" settings=()
  mapfile -t settings < <(cut -d= -f1 "$SANDBOX" | awk '!seen[$0]++')
  for setting in "${settings[@]}"; do
    serves_without "$setting=.*" && found="$found $setting"
  done
  if [ -n "$found" ]; then
    echo "serves without any of:$found"
  elif serves_without "($(IFS='|'; echo "${settings[*]}"))=.*"; then
    echo "serves without the sandbox only: several settings keep it from serving"
  else
    echo "does not serve without the sandbox either"
  fi
}

# The pipe ends once everything is written.
examine 2>&1 | tee "$RESULT"
aws s3 cp --only-show-errors "$RESULT" "s3://$BUCKET/$RESULT_KEY"
