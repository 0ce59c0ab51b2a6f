rule activity:
    input:
        catalog=rules.catalog.output,
        store=rules.store.output,
    output:
        RESULTS / "{corpus}/activity/index.parquet",
    log:
        RESULTS / "logs/activity/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/activity/{corpus}.tsv"
    conda:
        "../../envs/conda.yaml"
    threads: 2
    resources:
        mem_mb=8000,
        runtime=120,
        gpu=0,
    params:
        settings=corpus_settings("activity"),
        code=code("activity"),
    shell:
        "reprosep activity {wildcards.corpus} --threads {threads} 2> {log}"
