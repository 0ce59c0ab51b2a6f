rule activity:
    input:
        catalog=rules.catalog.output,
        store=rules.store.output,
        labels=of_corpus(PLAN.label_files),
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
        settings=of_corpus(PLAN.settings, "activity"),
        code=PLAN.code("activity"),
    shell:
        "reprosep confidences {wildcards.corpus} --threads {threads} 2> {log}"
