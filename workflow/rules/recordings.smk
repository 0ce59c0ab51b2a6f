rule recordings:
    input:
        verified_versions,
        shared("recordings.json"),
    output:
        RESULTS / "{corpus}/recordings.json",
    log:
        RESULTS / "logs/recordings/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/recordings/{corpus}.tsv"
    group:
        "prepare"
    conda:
        "../../envs/conda.yaml"
    threads: 8
    resources:
        mem_mb=memory("recordings"),
        runtime=minutes("recordings"),
        gpu=0,
    params:
        settings=corpus_settings("recordings"),
        listing=listing,
        code=code("recordings"),
    shell:
        "reprosep recordings {wildcards.corpus} --threads {threads} 2> {log}"
