# Oracles come first: they need no training and tell early when corpus or metric are wrong. Those of a corpus are one job:
# starting it takes longer than scoring one of them, and oracles of a target share its references.
for corpus in dict.fromkeys(RUNS[name][0].corpus for name in ORACLES):

    rule:
        name:
            f"score_oracles_{corpus.replace('-', '_')}"
        input:
            expand(RESULTS / corpus / "{file}", file=CORPUS_TABLES),
            oracle_data(corpus),
        output:
            expand(RESULTS / "scores/{run}.parquet", run=oracles_of(corpus)),
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
            runs=oracles_of(corpus),
            systems=[RUNS[name][1].model_dump(mode="json", exclude={"label"}) for name in oracles_of(corpus)],
            settings=oracle_settings(corpus),
            code=[code(step) for step in oracle_steps(corpus)],
        shell:
            "reprosep score {params.runs} --threads {threads} 2> {log}"


rule score_plain:
    input:
        score_data(),
        weights=RESULTS / "runs/{run}/best.safetensors",
    output:
        scores=RESULTS / "scores/{run}.parquet",
    log:
        RESULTS / "logs/score/{run}.log",
    benchmark:
        RESULTS / "benchmarks/score/{run}.tsv"
    wildcard_constraints:
        run="|".join(name for name in ALONE if name not in WITH_ACTIVITY) or "none",
    group:
        "scores"
    conda:
        "../../envs/conda.yaml"
    threads: PARAMS.scoring.threads
    resources:
        mem_mb=memory("score"),
        runtime=minutes("score"),
        gpu=0,
    params:
        settings=run_settings("score_plain"),
        code=run_code("score_plain"),
    shell:
        "reprosep score {wildcards.run} --threads {threads} 2> {log}"


use rule score_plain as score_gated with:
    output:
        scores=RESULTS / "scores/{run}.parquet",
        activity=RESULTS / "scores/{run}.activity.parquet",
    wildcard_constraints:
        run="|".join(name for name in ALONE if name in WITH_ACTIVITY) or "none",
    params:
        settings=run_settings("score_gated"),
        code=run_code("score_gated"),


# The same of runs that are trained in one process.
for group, members in TOGETHER.items():

    rule:
        name:
            f"score_{group.replace('-', '_')}"
        input:
            score_data(*members),
            weights=expand(RESULTS / "runs/{run}/best.safetensors", run=members),
        output:
            score_files(*members),
        log:
            RESULTS / "logs/score" / f"{group}.log",
        benchmark:
            RESULTS / "benchmarks/score" / f"{group}.tsv"
        group:
            "scores"
        conda:
            "../../envs/conda.yaml"
        threads: PARAMS.scoring.threads
        resources:
            mem_mb=memory("score", RUNS[members[0]][0].corpus),
            runtime=minutes("score", RUNS[members[0]][0].corpus, len(members)),
            gpu=0,
        params:
            runs=members,
            settings=run_settings(scoring_step(*members), *members),
            code=run_code(scoring_step(*members), *members),
        shell:
            "reprosep score {params.runs} --threads {threads} 2> {log}"
