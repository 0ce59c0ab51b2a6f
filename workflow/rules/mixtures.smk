# One job for all targets of a corpus: a process of its own for each would take longer than its mixtures.
for corpus in PARAMS.corpora:

    rule:
        name:
            f"mixtures_{corpus.replace('-', '_')}"
        input:
            expand(RESULTS / corpus / "{file}", file=CORPUS_TABLES),
        output:
            corpus_mixtures(corpus),
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
            settings=settings("mixtures", corpus=corpus),
            code=code("mixtures"),
        shell:
            "reprosep mixtures {params.corpus} 2> {log}"
