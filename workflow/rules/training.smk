# Trainings: one job each, on as many devices as training.gpu says.

PROCESSES = max(PARAMS.training.gpu, 1)


# Without a scheduler, as many trainings run at once as the GPUs of this machine have places for.
resource_scopes:
    gpu_place="local",


if workflow.is_main_process and "gpu_place" not in workflow.global_resources and visible_gpus():
    workflow.register_resource("gpu_place", len(visible_gpus()) * PARAMS.machine.trainings_per_gpu)


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
    threads: PARAMS.training.threads * PROCESSES
    resources:
        mem_mb=training_memory,
        runtime=training_minutes,
        gpu=PARAMS.training.gpu,
        gpu_place=gpu_places(PARAMS.training.gpu, PARAMS.machine.trainings_per_gpu),
    params:
        settings=run_settings("train"),
        code=run_code("train"),
    shell:
        "exec reprosep train {wildcards.run} 2> {log}"
