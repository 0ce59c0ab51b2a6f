#!/bin/sh
# Prints the Python to use: the named one, or the first of the usual names that is 3.11, 3.12 or 3.13.
set -u

supported() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }
version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo none; }

named=${1:-}
for python in ${named:-python3 python3.13 python3.12 python3.11}; do
    if supported "$python"; then
        command -v "$python"
        exit 0
    fi
done

found=$(version "${named:-python3}")
case $found in
none) what="there is no Python to run" ;;
3.[0-9] | 3.10 | 2.*) what="Python $found is too old (numpy, pandas and snakemake in the pinned versions need 3.11)" ;;
*) what="Python $found is too new (immutables, which snakemake needs, has no ready-made package for it)" ;;
esac
echo "reprosep: ${named:-python3}: $what; install Python 3.11, 3.12 or 3.13, or name one with 'make PYTHON=/path/to/python3.11 ...'" >&2
exit 2
