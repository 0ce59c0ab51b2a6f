#!/bin/sh
# Cancels jobs. cancel.sh JOB…
set -u
case ${REPROSEP_CLUSTER:-processes} in
    processes) for job in "$@"; do kill -TERM "-$(cat ".snakemake/processes/$job")" 2>/dev/null; done ;;
    sge | pbs) qdel "$@" ;; # untested
    lsf) bkill "$@" ;;      # untested
esac
exit 0
