#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The census on this machine's own kernel: run.sh BUILD [run.py option ...]
set -eu
build=${1:?usage: run.sh BUILD [option ...]}
shift
export PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$(dirname "$0")/run.py" --programs "$build" --workload "$build/tests/census" \
	--out "$build/tests/census/host" "$@"
