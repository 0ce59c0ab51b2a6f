rule train:
    input:
        corpus_files("catalog.parquet", "audio/index.parquet", "activity/index.parquet", "mixtures.parquet"),
        calibrations=calibrations,
    output:
        weights=RESULTS / "runs/{run}/best.safetensors",
        epochs=RESULTS / "runs/{run}/epochs.csv",
        record=RESULTS / "runs/{run}/run.json",
    log:
        RESULTS / "logs/train/{run}.log",
    benchmark:
        RESULTS / "benchmarks/train/{run}.tsv"
    wildcard_constraints:
        run="|".join(TRAINED),
    conda:
        "../../envs/conda.yaml"
    threads: PARAMS.training.threads
    resources:
        mem_mb=training_memory,
        runtime=training_minutes,
        gpu=PARAMS.training.gpu,
    params:
        settings=run_settings("models", "training", "mixing"),
        code=code("models", "training", "mixing.py"),
    shell:
        "reprosep train {wildcards.run} 2> {log}"
