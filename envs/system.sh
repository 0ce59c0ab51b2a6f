#!/bin/sh
# Sees that Python, ffmpeg, FluidSynth and espeak-ng are there; installs what it may with apt, else says how to.
set -u

python=${1:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "reprosep: $python is not Python 3.11 or newer; install it, or name one with 'make PYTHON=/path/to/python3.11 ...'" >&2
    exit 2
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "reprosep: $python cannot make virtual environments; install 'python3-venv' and run the same command again" >&2
    exit 2
fi

missing=""
command -v ffmpeg >/dev/null 2>&1 && command -v ffprobe >/dev/null 2>&1 || missing="$missing ffmpeg"
command -v espeak-ng >/dev/null 2>&1 || missing="$missing espeak-ng"
command -v fluidsynth >/dev/null 2>&1 || missing="$missing fluidsynth"
# pedalboard's wheel is linked to it; ctypes finds it wherever the system's loader would.
"$python" -c 'import ctypes; ctypes.CDLL("libatomic.so.1")' 2>/dev/null || missing="$missing libatomic1"
[ -n "$missing" ] || exit 0

if command -v apt-get >/dev/null 2>&1; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if [ -z "$as_root" ] || sudo -n true 2>/dev/null; then
        echo "installing$missing with apt-get"
        export DEBIAN_FRONTEND=noninteractive
        # shellcheck disable=SC2086
        if $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
            exit 0
        fi
    fi
fi
echo "reprosep: missing:$missing; install with 'sudo apt-get install$missing' or, without root, 'conda env create -f envs/conda.yaml && conda activate reprosep', then run the same command again" >&2
exit 2
