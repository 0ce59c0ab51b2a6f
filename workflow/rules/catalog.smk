# Every recording is read once, and what is wrong stops here. Its limits may change without another catalog.
rule examination:
    input:
        rules.recordings.output,
        of_corpus(PLAN.shared, "examination.parquet"),
    output:
        RESULTS / "{corpus}/examination.parquet",
    log:
        RESULTS / "logs/examination/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/examination/{corpus}.tsv"
    group:
        "prepare"
    conda:
        "../../envs/conda.yaml"
    threads: 2
    resources:
        mem_mb=memory("examination"),
        runtime=minutes("examination"),
        gpu=0,
    params:
        settings=of_corpus(PLAN.settings, "examination"),
        published=of_corpus(PLAN.published_of),
        code=PLAN.code("examination"),
    shell:
        "reprosep examination {wildcards.corpus} --threads {threads} 2> {log}"


rule catalog:
    input:
        rules.recordings.output,
        of_corpus(PLAN.shared, "catalog.parquet"),
        examined=ancient(rules.examination.output),
    output:
        RESULTS / "{corpus}/catalog.parquet",
    log:
        RESULTS / "logs/catalog/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/catalog/{corpus}.tsv"
    group:
        "prepare"
    conda:
        "../../envs/conda.yaml"
    threads: 1
    resources:
        mem_mb=memory("catalog"),
        runtime=minutes("catalog"),
        gpu=0,
    params:
        settings=of_corpus(PLAN.settings, "catalog"),
        published=of_corpus(PLAN.published_of),
        code=PLAN.code("catalog"),
    shell:
        "reprosep catalog {wildcards.corpus} --examined {input.examined} 2> {log}"
