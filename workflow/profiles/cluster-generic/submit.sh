#!/bin/sh
# Submits a script of Snakemake's and prints the number of the job.
# submit.sh PROCESSORS MEMORY_MB MINUTES GPUS SCRIPT
set -eu
processors=$1 memory=$2 minutes=$3 gpus=$4 script=$5
logs=results/cluster-logs
mkdir -p "$logs"

case ${REPROSEP_CLUSTER:-processes} in
    processes) # of this machine, without any queue: what the tests try
        jobs=.snakemake/processes
        mkdir -p "$jobs"
        number=$(mktemp "$jobs/XXXXXXXX")
        # The status is written beside and renamed, so that it is never read half.
        setsid sh -c 'sh "$1" >"$3" 2>&1; echo $? >"$2.new"; mv "$2.new" "$2.ended"' - \
            "$script" "$number" "$logs/${number##*/}.log" </dev/null >/dev/null 2>&1 &
        echo $! >"$number"
        echo "${number##*/}"
        ;;
    sge) # Grid Engine; untested. Its memory is that of one processor, and its names of GPUs are every site's own.
        [ "$gpus" = 0 ] || gpu="-l gpu=$gpus"
        # shellcheck disable=SC2086
        qsub -terse -cwd -V -j y -o "$logs" -notify -pe smp "$processors" -l "h_vmem=$((memory / processors))M" \
            -l "h_rt=$((minutes * 60))" ${gpu:-} "$script"
        ;;
    pbs) # PBS Professional; untested
        qsub -V -j oe -o "$logs/" -l "select=1:ncpus=$processors:mem=${memory}mb:ngpus=$gpus" \
            -l "walltime=$((minutes / 60)):$((minutes % 60)):00" -- /bin/sh -c 'cd "$1" && sh "$2"' - "$PWD" "$script"
        ;;
    lsf) # Spectrum LSF; untested
        [ "$gpus" = 0 ] || gpu="-gpu num=$gpus"
        # shellcheck disable=SC2086
        bsub -n "$processors" -R "span[hosts=1] rusage[mem=${memory}MB]" -W "$minutes" -wa TERM -wt 3 ${gpu:-} \
            -o "$logs/%J.log" sh "$script" | sed 's/.*<\([0-9]*\)>.*/\1/'
        ;;
    *)
        echo "submit.sh: REPROSEP_CLUSTER is '$REPROSEP_CLUSTER'; use processes, sge, pbs or lsf" >&2
        exit 2
        ;;
esac
