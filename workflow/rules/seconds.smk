# What activity detectors learn from: the artist-conditional split, and labels and spectrogram of every second.
rule seconds:
    input:
        catalog=rules.catalog.output,
        store=rules.store.output,
        activity=rules.activity.output,
    output:
        RESULTS / "{corpus}/seconds/split.csv",
        RESULTS / "{corpus}/seconds/labels.parquet",
        RESULTS / "{corpus}/seconds/index.parquet",
    log:
        RESULTS / "logs/seconds/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/seconds/{corpus}.tsv"
    group:
        "prepare"
    conda:
        "../../envs/conda.yaml"
    threads: 2
    resources:
        mem_mb=memory("seconds"),
        runtime=minutes("seconds"),
        gpu=0,
    params:
        settings=of_corpus(PLAN.settings, "seconds"),
        code=PLAN.code("seconds"),
    shell:
        "reprosep seconds {wildcards.corpus} --threads {threads} 2> {log}"
