#!/bin/sh
# What `make gpu` calls: gpu.sh [FOLDER [OPTIONS OF day.py]]. Finds a Python with torch, installs the wheels in FOLDER/wheels, if
# there are any, beside it (into FOLDER/packages, nothing of the machine's own is touched), and runs the day into FOLDER/day.
# PYTHON names another Python. Needs no network and no .venv.
set -u

cd "$(dirname "$0")/../.." || exit 2
folder=${1:-build/gpu}
[ $# -eq 0 ] || shift
python=${PYTHON:-}
for found in .venv/bin/python python3 python; do
    [ -n "$python" ] || ! "$found" -c 'import torch' 2>/dev/null || python=$found
done
if [ -z "$python" ]; then
    echo "gpu: no Python with torch here; name one with PYTHON=/path/to/python, or install the project: make plan" >&2
    exit 2
fi
PYTHONPATH=src${PYTHONPATH:+:$PYTHONPATH}
export PYTHONPATH
if ls "$folder"/wheels/*.whl >/dev/null 2>&1; then
    "$python" tests/gpu/wheels.py install "$folder/wheels" "$folder/packages" || exit
    PYTHONPATH=src:$folder/packages${PYTHONPATH#src}
fi
exec "$python" tests/gpu/day.py --output "$folder/day" "$@"
