# Runs checks with time limits and counts them: `check`, or `start` and later `finish`; `conclude` at the end.
# Sourced with ALL_MINUTES, which all checks have together. Each has minutes of its own, several times what it takes: one that hangs fails.

passed=0
failed=0
names=()
ends=()
declare -A running=()
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# A check is a process group of its own, which the signals of a terminal do not reach.
trap '[[ ${#running[@]} -eq 0 ]] || kill "${running[@]}"; exit 130' INT TERM HUP

# Starts a check: its name, its minutes, its command.
start() {
  local name=$1 limit=$(($2 * 60)) left=$((ALL_MINUTES * 60 - SECONDS))
  if [[ $limit -gt $left ]]; then limit=$((left > 0 ? left : 1)); fi
  shift 2
  : >"$logs/$name"
  timeout --kill-after=30 "$limit" "$@" >"$logs/$name" 2>&1 &
  running[$name]=$!
}

# Prints what a check prints, to its end. Counts its own `N passed, N failed` line when it prints one, else itself as one.
finish() {
  local name=$1 status tally
  printf '\n===== %s =====\n' "$name"
  tail --follow --lines=+1 --sleep-interval=0.2 --pid="${running[$name]}" "$logs/$name" &
  wait $!
  wait "${running[$name]}"
  status=$?
  ends+=("$(printf '%5d s  %s' $SECONDS "$name")")
  unset "running[$name]"
  if [[ $status -eq 124 || $status -eq 137 ]]; then printf '%s: ended, because it had not come to its end in its time\n' "$name"; fi
  tally=$(grep -oE '^[0-9]+ passed, [0-9]+ failed$' "$logs/$name" | tail -n 1)
  if [[ -n $tally ]]; then
    passed=$((passed + ${tally%% *}))
    local these=${tally#*, }
    failed=$((failed + ${these%% *}))
    if [[ $status -ne 0 && ${these%% *} -eq 0 ]]; then failed=$((failed + 1)); fi
  elif [[ $status -eq 0 ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
  [[ $status -eq 0 ]] || names+=("$name")
}

check() {
  start "$@"
  finish "$1"
}

# Prints when each check had ended and the sum, and gives the exit code.
conclude() {
  printf '\nended, after the start of all:\n'
  printf '%s\n' "${ends[@]}"
  if [[ ${#names[@]} -gt 0 ]]; then
    printf '\nfailed: %s\n' "$(IFS=','; echo "${names[*]}")"
  fi
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [[ $failed -eq 0 ]]
}
