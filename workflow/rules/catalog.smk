rule catalog:
    input:
        rules.recordings.output,
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
    threads: 2
    resources:
        mem_mb=memory("catalog"),
        runtime=minutes("catalog"),
        gpu=0,
    params:
        corpus=catalog_settings,
        examination=section("audio", "doctor"),
        seed=PARAMS.seed,
        instruments=(WORKFLOW / "instruments.yaml").read_text(),
        code=code(
            "corpora/catalog.py", "corpora/splits.py", "corpora/layout.py", "audio/io.py", "audio/health.py", "doctor"
        ),
    shell:
        "reprosep catalog {wildcards.corpus} --threads {threads} 2> {log}"
