#!/bin/sh
# Sees that Slurm and munge are there; installs them with apt as root. Exit status 3, with one sentence, where that cannot be.
set -u
sbin=/usr/local/sbin:/usr/sbin:/sbin:$PATH
if PATH=$sbin command -v slurmctld >/dev/null && PATH=$sbin command -v slurmd >/dev/null && PATH=$sbin command -v munged >/dev/null; then
    have=yes
else
    have=no
fi
if [ "$(id -u)" != 0 ]; then
    echo "Slurm is not tested here: only root can start one, with devices for its GPUs; run as root, e.g. in a container" >&2
    exit 3
fi
if [ -e /etc/slurm/slurm.conf ] && [ ! -L /etc/slurm/slurm.conf ]; then
    echo "Slurm is not tested here: /etc/slurm/slurm.conf is that of a real cluster; run it on another machine" >&2
    exit 3
fi
[ $have = yes ] && exit 0
if command -v apt-get >/dev/null; then
    echo "installing slurm-wlm and munge with apt-get"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "Slurm is not tested here: slurm-wlm and munge are not installed, and apt-get did not bring them" >&2
exit 3
