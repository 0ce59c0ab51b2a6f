rule recordings:
    input:
        verified_versions,
    output:
        RESULTS / "{corpus}/recordings.json",
    log:
        RESULTS / "logs/recordings/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/recordings/{corpus}.tsv"
    conda:
        "../../envs/conda.yaml"
    threads: 8
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=0,
    params:
        settings=corpus_settings("recordings"),
        listing=listing,
        code=code("recordings"),
    shell:
        "reprosep recordings {wildcards.corpus} --threads {threads} 2> {log}"
