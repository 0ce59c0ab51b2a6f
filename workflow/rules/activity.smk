rule activity:
    input:
        catalog=rules.catalog.output,
        store=rules.store.output,
    output:
        RESULTS / "{corpus}/activity/index.parquet",
    params:
        sections=section("activity", "stft"),
        code=code("activity.py"),
    log:
        RESULTS / "logs/activity/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/activity/{corpus}.tsv"
    threads: 2
    resources:
        mem_mb=8000,
        runtime=120,
        gpu=0,
    conda:
        "../../envs/conda.yaml"
    shell:
        "reprosep activity {wildcards.corpus} --params {PARAMS_FILE} --threads {threads} 2> {log}"
