rule store:
    input:
        rules.catalog.output,
    output:
        RESULTS / "{corpus}/audio/index.parquet",
    params:
        audio=section("audio"),
        corpus=corpus_settings("channels"),
        code=code("audio/store.py", "audio/io.py"),
    log:
        RESULTS / "logs/store/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/store/{corpus}.tsv"
    threads: 2
    resources:
        mem_mb=8000,
        runtime=240,
        gpu=0,
    conda:
        "../../envs/conda.yaml"
    shell:
        "reprosep store {wildcards.corpus} --params {PARAMS_FILE} --threads {threads} 2> {log}"
