# Runs suites of tests one after the other, keeps what each printed, and sums up. Sourced by test.

results=test-results
rows=() allPassed=0 allFailed=0

# countCases LOG: prints "passed failed", summed over the summaries of doctest, node:test and
# unittest in LOG.
countCases() {
  awk '
    match($0, /test cases: +[0-9]+ \| +[0-9]+ passed \| +[0-9]+ failed/) {
      split(substr($0, RSTART, RLENGTH), part, "|")
      passed += part[2]; failed += part[3]
    }
    /^(#|ℹ) pass [0-9]+$/ { passed += $3 }
    /^(#|ℹ) (fail|cancelled) [0-9]+$/ { failed += $3 }
    /^Ran [0-9]+ tests? in / { ran = $2 }
    /^(OK|FAILED)( \(.*\))?$/ {
      while (match($0, /(failures|errors|skipped)=[0-9]+/)) {
        split(substr($0, RSTART, RLENGTH), part, "=")
        ran -= part[2]
        if (part[1] != "skipped") failed += part[2]
        $0 = substr($0, RSTART + RLENGTH)
      }
      # Each failing subtest counts, so there may be more of them than tests.
      if (ran > 0) passed += ran
      ran = 0
    }
    END { print passed + 0, failed + 0 }' "$1"
}

# suite NAME COMMAND…: runs it without input and notes the outcome. A suite that prints no count is
# one case. Shows the log of one that fails, without
# the cases that passed, and returns 0 so that the next one runs.
suite() {
  local name=$1 log="$results/${1// /-}.log" status=0 start=$EPOCHREALTIME passed failed seconds
  shift
  printf '%-28s ' "$name"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
  read -r passed failed < <(countCases "$log")
  if ((status != 0 && failed == 0)); then
    failed=1
  elif ((status == 0 && passed + failed == 0)); then
    passed=1
  fi
  local row
  printf -v row '%-6s %5d passed %4d failed %8s s' \
    "$( ((failed == 0)) && echo ok || echo FAILED)" "$passed" "$failed" "$seconds"
  printf '%s\n' "$row"
  rows+=("$(printf '%-28s %s' "$name" "$row")")
  ((allPassed += passed, allFailed += failed)) || true
  if ((failed > 0)); then
    printf -- '--- from %s:\n' "$log"
    grep -v '^ *✔' "$log" | tail -n 80 || true
    printf -- '---\n'
  fi
}

# summary: the table, then "N passed, N failed" as the last line. Fails if anything failed.
summary() {
  printf '\n'
  printf '%s\n' "${rows[@]}"
  printf '\n%d passed, %d failed\n' "$allPassed" "$allFailed"
  ((allFailed == 0 && allPassed > 0))
}
