rule report:
    input:
        [PLAN.paper_results(paper) for paper in PAPERS],
        PLAN.read_by_report(),
    output:
        RESULTS / "report.html",
    log:
        RESULTS / "logs/report.log",
    benchmark:
        RESULTS / "benchmarks/report/report.tsv"
    group:
        "papers"
    conda:
        "../../envs/conda.yaml"
    threads: 1
    resources:
        mem_mb=paper_memory("report", *PAPERS),
        runtime=paper_minutes("report", *PAPERS),
        gpu=0,
    params:
        papers={name: content.model_dump(mode="json") for name, content in PAPERS.items()},
        params=PLAN.content,
        code=PLAN.code("report"),
    shell:
        "reprosep report 2> {log}"
