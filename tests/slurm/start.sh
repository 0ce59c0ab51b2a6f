#!/usr/bin/env bash
# A Slurm of one node and two fake GPUs, of which everything lies in a folder but the link in /etc/slurm.
# start.sh FOLDER [node]: only the node with the second word, after it died. stop.sh FOLDER ends it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
host=$(hostname -s)
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

running() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

configure() {
    mkdir -p "$folder"/{state,spool,dev}
    for number in 0 1; do # Slurm wants a character device for every GPU; these swallow what is written, as /dev/null
        [ -c "$folder/dev/gpu$number" ] || mknod "$folder/dev/gpu$number" c 1 3
    done
    sed -e "s#@FOLDER@#$folder#g" -e "s#@HOST@#$host#g" "$here/slurm.conf.in" >"$folder/slurm.conf"
    printf 'AutoDetect=off\nNodeName=%s Name=gpu Type=fake File=%s/dev/gpu[0-1]\n' "$host" "$folder" >"$folder/gres.conf"
    # Commands inside jobs look here: Snakemake's job steps drop SLURM_CONF from the environment.
    if [ -e /etc/slurm/slurm.conf ] && [ ! -L /etc/slurm/slurm.conf ]; then
        echo "/etc/slurm/slurm.conf is that of a real cluster and is left alone; run this on another machine" >&2
        exit 2
    fi
    mkdir -p /etc/slurm
    ln -sfn "$folder/slurm.conf" /etc/slurm/slurm.conf
    ln -sfn "$folder/gres.conf" /etc/slurm/gres.conf
}

start_munge() { # one of its own, so that the system's is left alone
    running "$folder/munged.pid" && return
    [ -s "$folder/munge.key" ] || (umask 077 && head -c 1024 /dev/urandom >"$folder/munge.key")
    chmod 755 "$folder"
    munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
        --log-file="$folder/munged.log" --seed-file="$folder/munged.seed"
}

if [ "${2:-}" != node ]; then
    configure
    start_munge
    running "$folder/slurmctld.pid" || slurmctld -f "$folder/slurm.conf" -c
fi
running "$folder/slurmd.pid" || slurmd -f "$folder/slurm.conf" -N "$host"
for _ in $(seq 1200); do
    sinfo -h -o %T 2>/dev/null | grep -Eq '^(idle|mixed|allocated)$' && exit 0
    sleep 0.25
done
echo "Slurm did not start within five minutes; see the logs in $folder" >&2
exit 1
