rule store:
    input:
        rules.catalog.output,
    output:
        RESULTS / "{corpus}/audio/index.parquet",
    log:
        RESULTS / "logs/store/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/store/{corpus}.tsv"
    group:
        "prepare"
    conda:
        "../../envs/conda.yaml"
    threads: 2
    resources:
        mem_mb=memory("store"),
        runtime=minutes("store"),
        gpu=0,
    params:
        settings=of_corpus(PLAN.settings, "store"),
        code=PLAN.code("store"),
    shell:
        "reprosep store {wildcards.corpus} --threads {threads} 2> {log}"
