# One job for all targets of a corpus: a process of its own for each would take longer than its mixtures.
for corpus in PARAMS.corpora:

    rule:
        name:
            f"mixtures_{corpus.replace('-', '_')}"
        input:
            PLAN.tables(corpus),
        output:
            PLAN.mixtures(corpus),
        log:
            RESULTS / "logs/mixtures" / f"{corpus}.log",
        benchmark:
            RESULTS / "benchmarks/mixtures" / f"{corpus}.tsv"
        group:
            "prepare"
        conda:
            "../../envs/conda.yaml"
        threads: 1
        resources:
            mem_mb=memory("mixtures", corpus),
            runtime=minutes("mixtures", corpus),
            gpu=0,
        params:
            corpus=corpus,
            settings=PLAN.settings("mixtures", corpus=corpus),
            code=PLAN.code("mixtures"),
        shell:
            "reprosep mixtures {params.corpus} 2> {log}"
