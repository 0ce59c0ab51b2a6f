rule mixtures:
    input:
        catalog=rules.catalog.output,
        store=rules.store.output,
        activity=rules.activity.output,
    output:
        RESULTS / "{corpus}/mixtures.parquet",
    params:
        sections=section("mixing"),
        corpus=corpus_settings("targets", "mixing"),
        code=code("mixing.py"),
    log:
        RESULTS / "logs/mixtures/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/mixtures/{corpus}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
        gpu=0,
    conda:
        "../../envs/conda.yaml"
    shell:
        "reprosep mixtures {wildcards.corpus} --params {PARAMS_FILE} 2> {log}"
