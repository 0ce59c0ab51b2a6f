#!/bin/sh
# Sees that ffmpeg, FluidSynth and espeak-ng are there; installs them with apt where it may, else says how to.
set -u

missing=""
command -v ffmpeg >/dev/null 2>&1 && command -v ffprobe >/dev/null 2>&1 || missing="$missing ffmpeg"
command -v espeak-ng >/dev/null 2>&1 || missing="$missing espeak-ng"
command -v fluidsynth >/dev/null 2>&1 || missing="$missing fluidsynth"
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
