# Average spectrum of every mixture, for figures that compare corpora: from the recordings, at their own rate.
rule spectra:
    input:
        shared("spectra.parquet"),
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
        settings=corpus_settings("spectra"),
        code=code("spectra"),
    shell:
        "reprosep spectra {wildcards.corpus} --threads {threads} 2> {log}"
