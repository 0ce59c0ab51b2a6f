# Oracles come first: they need no training and tell early when corpus or metric are wrong. Those of a corpus are one job:
# starting it takes longer than scoring one of them, and oracles of a target share its references.
for corpus in dict.fromkeys(PLAN.run(name).corpus for name in PLAN.oracles):

    rule:
        name:
            f"score_oracles_{corpus.replace('-', '_')}"
        input:
            PLAN.scoring_files(PLAN.oracles_of(corpus)),
        output:
            PLAN.score_files(PLAN.oracles_of(corpus)),
        log:
            RESULTS / "logs/score" / f"oracles-{corpus}.log",
        benchmark:
            RESULTS / "benchmarks/score" / f"oracles-{corpus}.tsv"
        priority: 10
        group:
            "oracles"
        conda:
            "../../envs/conda.yaml"
        threads: PARAMS.scoring.threads
        resources:
            mem_mb=memory("oracles", corpus),
            runtime=minutes("oracles", corpus),
            gpu=0,
        params:
            runs=PLAN.oracles_of(corpus),
            settings=PLAN.scoring_settings(PLAN.oracles_of(corpus)),
            code=PLAN.scoring_code(PLAN.oracles_of(corpus)),
        shell:
            "reprosep score {params.runs} --threads {threads} 2> {log}"


rule score_plain:
    input:
        of_runs(PLAN.scoring_files),
    output:
        scores=RESULTS / "scores/{run}.parquet",
    log:
        RESULTS / "logs/score/{run}.log",
    benchmark:
        RESULTS / "benchmarks/score/{run}.tsv"
    wildcard_constraints:
        run="|".join(name for name in PLAN.alone if name not in PLAN.with_heads) or "none",
    group:
        group_of_estimates("scores")
    conda:
        "../../envs/conda.yaml"
    threads: PARAMS.scoring.threads
    resources:
        mem_mb=memory("score"),
        runtime=minutes("score"),
        gpu=ESTIMATING_GPUS,
        gpu_place=ESTIMATING_PLACES,
    params:
        settings=of_runs(PLAN.scoring_settings),
        code=of_runs(PLAN.scoring_code),
    shell:
        "reprosep score {wildcards.run} --threads {threads} 2> {log}"


use rule score_plain as score_gated with:
    output:
        scores=RESULTS / "scores/{run}.parquet",
        activity=RESULTS / "scores/{run}.activity.parquet",
    wildcard_constraints:
        run="|".join(name for name in PLAN.alone if name in PLAN.with_heads) or "none",
    params:
        settings=of_runs(PLAN.scoring_settings),
        code=of_runs(PLAN.scoring_code),


# The same of runs that are trained in one process, or whose weights were published as one set.
for group, members in PLAN.scored_together().items():

    rule:
        name:
            f"score_{group.replace('-', '_')}"
        input:
            PLAN.scoring_files(members),
        output:
            PLAN.score_files(members),
        log:
            RESULTS / "logs/score" / f"{group}.log",
        benchmark:
            RESULTS / "benchmarks/score" / f"{group}.tsv"
        group:
            group_of_estimates("scores")
        conda:
            "../../envs/conda.yaml"
        threads: PARAMS.scoring.threads
        resources:
            mem_mb=memory("score", PLAN.run(members[0]).corpus),
            runtime=minutes("score", PLAN.run(members[0]).corpus, len(members)),
            gpu=ESTIMATING_GPUS,
            gpu_place=ESTIMATING_PLACES,
        params:
            runs=members,
            settings=PLAN.scoring_settings(members),
            code=PLAN.scoring_code(members),
        shell:
            "reprosep score {params.runs} --threads {threads} 2> {log}"
