rule mixtures:
    input:
        catalog=rules.catalog.output,
        store=rules.store.output,
        activity=rules.activity.output,
    output:
        RESULTS / "{corpus}/mixtures.parquet",
    log:
        RESULTS / "logs/mixtures/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/mixtures/{corpus}.tsv"
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
        sections=section("mixing"),
        corpus=corpus_settings("targets", "mixing"),
        code=code("mixing.py"),
    shell:
        "reprosep mixtures {wildcards.corpus} 2> {log}"
