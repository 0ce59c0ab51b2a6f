rule mixtures:
    input:
        catalog=rules.catalog.output,
        store=rules.store.output,
        activity=rules.activity.output,
    output:
        RESULTS / "{corpus}/mixtures/{target}.parquet",
    log:
        RESULTS / "logs/mixtures/{corpus}-{target}.log",
    benchmark:
        RESULTS / "benchmarks/mixtures/{corpus}-{target}.tsv"
    group:
        "prepare"
    conda:
        "../../envs/conda.yaml"
    threads: 1
    resources:
        mem_mb=memory("mixtures"),
        runtime=minutes("mixtures"),
        gpu=0,
    params:
        settings=corpus_settings("mixtures"),
        code=code("mixtures"),
    shell:
        "reprosep mixtures {wildcards.corpus} --target {wildcards.target} 2> {log}"
