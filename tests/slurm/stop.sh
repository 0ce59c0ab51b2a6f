#!/usr/bin/env bash
# Ends what start.sh began, by its own pid files, and removes its link. stop.sh FOLDER
set -u
folder=$(cd "$1" && pwd) || exit 1
if [ "$(readlink /etc/slurm/slurm.conf)" = "$folder/slurm.conf" ]; then
    scancel --user=root 2>/dev/null
    for _ in $(seq 40); do
        [ -z "$(squeue -h 2>/dev/null)" ] && break
        sleep 0.25
    done
    rm -f /etc/slurm/slurm.conf /etc/slurm/gres.conf
fi
for name in slurmd slurmctld munged; do
    [ -s "$folder/$name.pid" ] || continue
    pid=$(cat "$folder/$name.pid")
    kill "$pid" 2>/dev/null
    for _ in $(seq 40); do # they write into the folder to the last
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.25
    done
done
exit 0
