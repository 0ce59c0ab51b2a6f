#!/bin/sh
# Sees that Python can make environments and that ffmpeg, FluidSynth and espeak-ng are there; installs what it may with apt,
# else says how to. system.sh PYTHON
set -u

python=${1:-python3}
log=.venv.apt.log
missing=""
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    venv=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    case $("$python" -c 'import sys; print(sys.prefix)') in
    /usr) missing="$missing $venv" ;;
    *)
        echo "reprosep: $python cannot make virtual environments (no module venv or ensurepip); name a complete one with 'make PYTHON=/path/to/python3.11 ...'" >&2
        exit 2
        ;;
    esac
fi
command -v ffmpeg >/dev/null 2>&1 && command -v ffprobe >/dev/null 2>&1 || missing="$missing ffmpeg"
command -v espeak-ng >/dev/null 2>&1 || missing="$missing espeak-ng"
command -v fluidsynth >/dev/null 2>&1 || missing="$missing fluidsynth"
# pedalboard's wheel is linked to it; ctypes finds it wherever the system's loader would.
if [ "$(uname -s)" = Linux ]; then
    "$python" -c 'import ctypes; ctypes.CDLL("libatomic.so.1")' 2>/dev/null || missing="$missing libatomic1"
fi
[ -n "$missing" ] || exit 0

end() {
    echo "reprosep: missing:$missing; ${1:+$1 }install with '$2', or, without root, 'conda env create -f envs/conda.yaml && conda activate reprosep'; then run the same command again" >&2
    exit 2
}

if [ "$(uname -s)" = Darwin ]; then
    end "" "brew install$missing"
fi
command -v apt-get >/dev/null 2>&1 || end "there is no apt-get here:" "your system's package manager"
as_root=""
if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || end "" "sudo apt-get install$missing"
    as_root="sudo -n DEBIAN_FRONTEND=noninteractive"
fi

apt() { # waits for another apt, up to five minutes
    DEBIAN_FRONTEND=noninteractive $as_root apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >>"$log" 2>&1 </dev/null
}

# The last run's total: "Need to get 98.2 MB/120 MB of archives."
megabytes() { sed -n 's/^Need to get \([^/ ]* [kMG]*B\).*/\1/p' "$log" | tail -1; }

why() {
    if grep -qE 'Could not resolve|Temporary failure|Could not connect|Connection failed|Unable to connect|Network is unreachable' "$log"; then
        echo "apt-get does not reach its servers;"
    elif grep -q 'No space left on device' "$log" || grep -q "don't have enough free space" "$log"; then
        echo "there is no space left for it;"
    elif grep -q 'Could not get lock' "$log"; then
        echo "another apt or dpkg has been at work for five minutes;"
    else
        echo "apt-get said: $(grep -E '^(E|dpkg): ' "$log" | tail -1 | cut -c1-200);"
    fi
}

echo "apt-get $(date '+%F %T')" >"$log"
echo "installing with apt-get:$missing (its own words: $log)"
apt update
# shellcheck disable=SC2086
apt install --assume-no --no-install-recommends $missing
[ -z "$(megabytes)" ] || echo "  to download: $(megabytes), with what they need"
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing || end "$(why)" "sudo apt-get install$missing"
