#!/bin/sh
# Prints "running", "success" or "failed" for a job. status.sh JOB
set -u
case ${REPROSEP_CLUSTER:-processes} in
    processes)
        file=.snakemake/processes/$1
        if [ ! -e "$file.ended" ] && kill -0 "-$(cat "$file")" 2>/dev/null; then
            echo running
        elif [ "$(cat "$file.ended" 2>/dev/null)" = 0 ]; then
            echo success
        else # it ended badly, or was killed and could not say so
            echo failed
        fi
        ;;
    sge) # untested; qacct knows a job a moment after qstat has forgotten it
        if qstat -j "$1" >/dev/null 2>&1; then
            echo running
        else
            case $(qacct -j "$1" 2>/dev/null | awk '$1 == "exit_status" { print $2 }') in
                '') echo running ;;
                0) echo success ;;
                *) echo failed ;;
            esac
        fi
        ;;
    pbs) # untested
        case $(qstat -x -f "$1" 2>/dev/null | awk '$1 == "job_state" { s = $3 } $1 == "Exit_status" { e = $3 } END { print s e }') in
            F0) echo success ;;
            F*) echo failed ;;
            *) echo running ;;
        esac
        ;;
    lsf) # untested
        case $(bjobs -noheader -o stat "$1" 2>/dev/null) in
            DONE) echo success ;;
            EXIT) echo failed ;;
            *) echo running ;;
        esac
        ;;
esac
