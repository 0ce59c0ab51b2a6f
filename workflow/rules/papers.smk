# A paper's tables, figures and claims. The names of its files come from its own file in workflow/papers/, so each paper
# has rules of its own, made in this loop.

for paper in PAPERS:

    rule:
        name:
            f"tables_{paper}"
        input:
            PLAN.read_by_tables(paper),
        output:
            shown(paper, PLAN.table_files(paper), "tables"),
            RESULTS / "papers" / paper / "metrics.json",
            RESULTS / "papers" / paper / "songs.csv",
            RESULTS / "papers" / paper / "parameters.json",
        log:
            RESULTS / "logs/tables" / f"{paper}.log",
        benchmark:
            RESULTS / "benchmarks/tables" / f"{paper}.tsv"
        group:
            "papers"
        conda:
            "../../envs/conda.yaml"
        threads: 1
        resources:
            mem_mb=paper_memory("tables", paper),
            runtime=paper_minutes("tables", paper),
            gpu=0,
        params:
            paper=paper,
            parts=PLAN.paper_parts("tables", paper),
            settings=PLAN.settings("tables"),
            code=PLAN.code("tables"),
        shell:
            "reprosep tables {params.paper} 2> {log}"

    rule:
        name:
            f"spot_check_{paper}"
        input:
            PLAN.paper_scores(paper),
            PLAN.paper_weights(paper),
        output:
            RESULTS / "papers" / paper / "spot-check.csv",
        log:
            RESULTS / "logs/spot-check" / f"{paper}.log",
        benchmark:
            RESULTS / "benchmarks/spot-check" / f"{paper}.tsv"
        group:
            group_of_estimates("papers")
        conda:
            "../../envs/conda.yaml"
        threads: 1
        resources:
            mem_mb=paper_memory("spot_check", paper),
            runtime=paper_minutes("spot_check", paper),
            gpu=ESTIMATING_GPUS,
            gpu_place=ESTIMATING_PLACES,
        params:
            paper=paper,
            settings=PLAN.settings("spot_check"),
            code=PLAN.code("spot_check"),
        shell:
            "reprosep spot-check {params.paper} 2> {log}"

    rule:
        name:
            f"claims_{paper}"
        input:
            PLAN.read_by_claims(paper),
        output:
            shown(paper, [RESULTS / "papers" / paper / "claims.csv"], "claims"),
            RESULTS / "papers" / paper / "claims.json",
        log:
            RESULTS / "logs/claims" / f"{paper}.log",
        benchmark:
            RESULTS / "benchmarks/claims" / f"{paper}.tsv"
        group:
            "papers"
        conda:
            "../../envs/conda.yaml"
        threads: 1
        resources:
            mem_mb=paper_memory("claims", paper),
            runtime=paper_minutes("claims", paper),
            gpu=0,
        params:
            paper=paper,
            parts=PLAN.paper_parts("claims", paper),
            settings=PLAN.settings("claims"),
            code=PLAN.code("claims"),
        shell:
            "reprosep claims {params.paper} 2> {log}"

    rule:
        name:
            f"listen_{paper}"
        input:
            PLAN.paper_weights(paper),
            PLAN.paper_mixtures(paper),
        output:
            RESULTS / "papers" / paper / "listen/index.json",
        log:
            RESULTS / "logs/listen" / f"{paper}.log",
        benchmark:
            RESULTS / "benchmarks/listen" / f"{paper}.tsv"
        group:
            group_of_estimates("papers")
        conda:
            "../../envs/conda.yaml"
        threads: 1
        resources:
            mem_mb=paper_memory("listen", paper),
            runtime=paper_minutes("listen", paper),
            gpu=ESTIMATING_GPUS,
            gpu_place=ESTIMATING_PLACES,
        params:
            paper=paper,
            parts=PLAN.paper_parts("listen", paper),
            settings=PLAN.settings("listen"),
            code=PLAN.code("listen"),
        shell:
            "reprosep listen {params.paper} 2> {log}"

    rule:
        name:
            f"figures_{paper}"
        input:
            PLAN.read_by_figures(paper),
        output:
            shown(paper, PLAN.figure_files(paper), "figures"),
        log:
            RESULTS / "logs/figures" / f"{paper}.log",
        benchmark:
            RESULTS / "benchmarks/figures" / f"{paper}.tsv"
        group:
            "papers"
        conda:
            "../../envs/conda.yaml"
        threads: 1
        resources:
            mem_mb=paper_memory("figures", paper),
            runtime=paper_minutes("figures", paper),
            gpu=0,
        params:
            paper=paper,
            parts=PLAN.paper_parts("figures", paper),
            settings=PLAN.settings("figures"),
            code=PLAN.code("figures"),
        shell:
            "reprosep figures {params.paper} 2> {log}"
