rule catalog:
    input:
        rules.recordings.output,
    output:
        RESULTS / "{corpus}/catalog.parquet",
    params:
        corpus=corpus_settings("kind", "roots", "targets", "valid_fraction", "test_fraction", "split", "files"),
        seed=PARAMS.seed,
        instruments=(WORKFLOW / "instruments.yaml").read_text(),
        code=code("corpora/catalog.py", "corpora/splits.py", "corpora/layout.py", "audio/io.py"),
    log:
        RESULTS / "logs/catalog/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/catalog/{corpus}.tsv"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=120,
        gpu=0,
    conda:
        "../../envs/conda.yaml"
    shell:
        "reprosep catalog {wildcards.corpus} --params {PARAMS_FILE} --threads {threads} 2> {log}"
