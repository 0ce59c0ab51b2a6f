#!/bin/sh
# What `make` calls: install.sh SET TORCH_INDEX [PYTHON]. Finds a Python, sees to the programs that apt has, and installs the
# set's pinned packages into .venv (src/reprosep/installation; sets: run, test, docs, s3, crate, tensorboard).
set -u

python=$(sh envs/python.sh "${3:-}") || exit 2
sh envs/system.sh "$python" || exit 2
keep=--keep-python # a .venv of another Python is made anew only for one that was named
[ -z "${3:-}" ] || keep=
# shellcheck disable=SC2086
PYTHONPATH=src exec "$python" -m reprosep.installation "$1" --torch-index "$2" $keep
