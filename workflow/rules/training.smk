rule train:
    input:
        run_data,
        calibrations=calibrations,
    output:
        weights=RESULTS / "runs/{run}/best.safetensors",
        epochs=RESULTS / "runs/{run}/epochs.csv",
        metrics=RESULTS / "runs/{run}/dvclive/metrics.json",
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
        mem_mb=8000,
        runtime=2880,
        gpu=PARAMS.training.gpu,
    params:
        settings=run_settings("train"),
        code=code("train"),
    shell:
        "reprosep train {wildcards.run} 2> {log}"
