# Average spectrum of every mixture, for figures that compare corpora: from the recordings, at their own rate.
rule spectra:
    input:
        of_corpus(PLAN.shared, "spectra.parquet"),
        catalog=rules.catalog.output,
    output:
        RESULTS / "{corpus}/spectra.parquet",
    log:
        RESULTS / "logs/spectra/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/spectra/{corpus}.tsv"
    group:
        "prepare"
    conda:
        "../../envs/conda.yaml"
    threads: 2
    resources:
        mem_mb=memory("spectra"),
        runtime=minutes("spectra"),
        gpu=0,
    params:
        settings=of_corpus(PLAN.settings, "spectra"),
        code=PLAN.code("spectra"),
    shell:
        "reprosep spectra {wildcards.corpus} --threads {threads} 2> {log}"
