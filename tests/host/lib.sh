# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by tests/host/test_NAME.sh, which run from the top folder. A test passes if its script
# ends with status 0. A script that holds several prints a line for each: `pass name`, or
# `fail name why`; then each counts by itself as host/NAME/name.
set -u
test_name=$(basename "$0" .sh) test_name=${test_name#test_}
export LOG=$PWD/build/check/host-$test_name.console.log ACCEL=tcg
mkdir -p build/check
scratch=$(mktemp -d "$PWD/build/check/$test_name.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
failures=0

pass() { echo "PASS $1"; }
fail() {
    echo "FAIL $1: ${*:2}"
    failures=$((failures + 1))
}
# check NAME WHY COMMAND...: pass NAME if COMMAND succeeds, else fail it.
check() {
    local name=$1 why=$2
    shift 2
    if "$@"; then pass "$name"; else fail "$name" "$why"; fi
}
# The end of a script that used pass and fail.
done_testing() { exit $((failures > 0)); }

# The end of a script that is one test.
die() {
    echo "$*" >&2
    exit 1
}

# dom0 COMMAND: boot the host, run COMMAND in dom0. For a longer one: dom0 "$(cat <<'E' ... E)".
dom0() { CMD=$1 tests/host/run; }
