rule recordings:
    input:
        of_corpus(PLAN.verified),
        of_corpus(PLAN.shared, "recordings.json"),
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
        settings=of_corpus(PLAN.settings, "recordings"),
        listing=of_corpus(PLAN.listing),
        code=PLAN.code("recordings"),
    shell:
        "reprosep recordings {wildcards.corpus} --threads {threads} 2> {log}"
