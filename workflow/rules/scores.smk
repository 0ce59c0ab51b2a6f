# Oracles come first: they need no training and tell early when corpus or metric are wrong.
rule score_oracle:
    input:
        corpus_files("catalog.parquet", "audio/index.parquet", "activity/index.parquet", "mixtures.parquet"),
    output:
        RESULTS / "scores/{run}.parquet",
    log:
        RESULTS / "logs/score/{run}.log",
    benchmark:
        RESULTS / "benchmarks/score/{run}.tsv"
    wildcard_constraints:
        run="|".join(ORACLES),
    priority: 10
    conda:
        "../../envs/conda.yaml"
    threads: PARAMS.scoring.threads
    resources:
        mem_mb=4000,
        runtime=720,
        gpu=0,
    params:
        settings=run_settings("scoring"),
        code=code("metrics", "separation/oracle.py", "scoring.py"),
    shell:
        "reprosep score {wildcards.run} --threads {threads} 2> {log}"


rule score_plain:
    input:
        corpus_files("catalog.parquet", "audio/index.parquet", "activity/index.parquet", "mixtures.parquet"),
        weights=rules.train.output.weights,
    output:
        scores=RESULTS / "scores/{run}.parquet",
    log:
        RESULTS / "logs/score/{run}.log",
    benchmark:
        RESULTS / "benchmarks/score/{run}.tsv"
    wildcard_constraints:
        run="|".join(name for name in TRAINED if name not in WITH_ACTIVITY) or "none",
    conda:
        "../../envs/conda.yaml"
    threads: PARAMS.scoring.threads
    resources:
        mem_mb=4000,
        runtime=1440,
        gpu=0,
    params:
        settings=run_settings("models", "separation", "scoring"),
        code=code("metrics", "separation", "scoring.py"),
    shell:
        "reprosep score {wildcards.run} --threads {threads} 2> {log}"


use rule score_plain as score_gated with:
    output:
        scores=RESULTS / "scores/{run}.parquet",
        activity=RESULTS / "scores/{run}.activity.parquet",
    wildcard_constraints:
        run="|".join(WITH_ACTIVITY) or "none",
