# Methods whose scores were published: read from their files, all of a corpus in one job.
for corpus in dict.fromkeys(PLAN.run(name).corpus for name in PLAN.published):

    rule:
        name:
            f"published_scores_{corpus.replace('-', '_')}"
        input:
            PLAN.verified(corpus),
        output:
            PLAN.score_files(PLAN.published_runs_of(corpus)),
        log:
            RESULTS / "logs/published" / f"{corpus}.log",
        benchmark:
            RESULTS / "benchmarks/published" / f"{corpus}.tsv"
        conda:
            "../../envs/conda.yaml"
        threads: 2
        resources:
            mem_mb=2000,
            runtime=30,
            gpu=0,
        params:
            corpus=corpus,
            settings=PLAN.scoring_settings(PLAN.published_runs_of(corpus)),
            code=PLAN.scoring_code(PLAN.published_runs_of(corpus)),
        shell:
            "reprosep published-scores {params.corpus} --threads {threads} 2> {log}"
