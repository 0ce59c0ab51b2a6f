#!/usr/bin/env bash
# The tests on a real Slurm, within a time limit: run.sh [MINUTES] [pytest's arguments]. Where no Slurm can be had it says
# so in one sentence and ends well.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
minutes=${1:-28}
tests=("${@:2}")
[ ${#tests[@]} -gt 0 ] || tests=("$here/smoke.py" "$here/preemption.py")
"$here/install.sh"
case $? in
    0) ;;
    3) exit 0 ;;
    *) exit 1 ;;
esac
cd "$here/../.."
exec timeout --kill-after=60 "${minutes}m" python -m pytest "${tests[@]}"
