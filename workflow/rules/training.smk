# Trainings: one job each, on as many devices as training.gpu says; or one for all that share a process (PLAN.together).

PROCESSES = max(PARAMS.training.gpu, 1)
TRAINED_FILES = ("best.safetensors", "epochs.csv", "dvclive/metrics.json", "run.json")


# Without a scheduler, as many trainings run at once as the GPUs of this machine have places for.
resource_scopes:
    gpu_place="local",


if workflow.is_main_process and "gpu_place" not in workflow.global_resources and visible_gpus():
    workflow.register_resource("gpu_place", len(visible_gpus()) * PARAMS.machine.trainings_per_gpu)


rule train:
    input:
        of_runs(PLAN.training_files),
        calibrations=calibrations(),
    output:
        expand(RESULTS / "runs/{{run}}/{file}", file=TRAINED_FILES),
    log:
        RESULTS / "logs/train/{run}.log",
    benchmark:
        RESULTS / "benchmarks/train/{run}.tsv"
    wildcard_constraints:
        run="|".join(PLAN.alone) or "none",
    conda:
        "../../envs/conda.yaml"
    threads: PARAMS.training.threads * PROCESSES
    resources:
        mem_mb=training_memory(),
        runtime=training_minutes(),
        gpu=PARAMS.training.gpu,
        gpu_place=gpu_places(PARAMS.training.gpu, PARAMS.machine.trainings_per_gpu),
    params:
        settings=of_runs(PLAN.training_settings),
        code=of_runs(PLAN.training_code),
    shell:
        "exec reprosep train {wildcards.run} 2> {log}"


for group, members in PLAN.together.items():

    rule:
        name:
            f"train_{group.replace('-', '_')}"
        input:
            of_runs(PLAN.training_files, *members),
            calibrations=calibrations(*members),
        output:
            expand(RESULTS / "runs/{run}/{file}", run=members, file=TRAINED_FILES),
        log:
            RESULTS / "logs/train" / f"{group}.log",
        benchmark:
            RESULTS / "benchmarks/train" / f"{group}.tsv"
        conda:
            "../../envs/conda.yaml"
        threads: PARAMS.training.threads
        resources:
            mem_mb=training_memory(*members),
            runtime=training_minutes(*members),
            gpu=PARAMS.training.gpu,
            gpu_place=gpu_places(PARAMS.training.gpu, PARAMS.machine.trainings_per_gpu),
        params:
            runs=members,
            settings=of_runs(PLAN.training_settings, *members),
            code=of_runs(PLAN.training_code, *members),
        shell:
            "exec reprosep train {params.runs} 2> {log}"
