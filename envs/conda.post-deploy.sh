#!/bin/sh
# What `snakemake --sdm conda` runs in an environment of conda.yaml that it has made: the pinned packages of pip, then the
# project itself. Where another workflow uses this one as a module, REPROSEP_PROJECT names the folder of the clone.
set -eu
cd "${REPROSEP_PROJECT:-.}"
if [ ! -f envs/requirements.lock ]; then
    echo "reprosep: $PWD/envs/requirements.lock: not found; name the folder of the clone in REPROSEP_PROJECT" >&2
    exit 2
fi
python -m pip install -r envs/requirements-build.lock
python -m pip install --no-build-isolation -r envs/requirements.lock -c envs/requirements-cuda.lock
python -m pip install --no-deps --no-build-isolation -e .
