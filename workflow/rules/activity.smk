rule activity:
    input:
        catalog=rules.catalog.output,
        store=rules.store.output,
        labels=published_labels,
    output:
        RESULTS / "{corpus}/activity/index.parquet",
    log:
        RESULTS / "logs/activity/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/activity/{corpus}.tsv"
    group:
        "prepare"
    conda:
        "../../envs/conda.yaml"
    threads: 2
    resources:
        mem_mb=memory("activity"),
        runtime=minutes("activity"),
        gpu=0,
    params:
        settings=corpus_settings("activity"),
        code=code("activity"),
    shell:
        "reprosep confidences {wildcards.corpus} --threads {threads} 2> {log}"
