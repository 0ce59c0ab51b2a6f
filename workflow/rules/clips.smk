# Clips that hold a target, for networks that are trained on excerpts of whole songs.
rule clips:
    input:
        catalog=rules.catalog.output,
        store=rules.store.output,
        activity=rules.activity.output,
    output:
        RESULTS / "{corpus}/clips/{target}.parquet",
    log:
        RESULTS / "logs/clips/{corpus}-{target}.log",
    benchmark:
        RESULTS / "benchmarks/clips/{corpus}-{target}.tsv"
    group:
        "prepare"
    conda:
        "../../envs/conda.yaml"
    threads: 1
    resources:
        mem_mb=memory("clips"),
        runtime=minutes("clips"),
        gpu=0,
    params:
        counts=of_clips,
        settings=of_corpus(PLAN.settings, "clips"),
        code=PLAN.code("clips"),
    shell:
        "reprosep clips {wildcards.corpus} {wildcards.target} 2> {log}"
