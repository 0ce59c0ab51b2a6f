rule report:
    input:
        [paper_results(paper) for paper in PAPERS],
        expand(RESULTS / "runs/{run}/run.json", run=TRAINED),
        expand(RESULTS / "scores/{run}.parquet", run=RUNS),
    output:
        RESULTS / "report.html",
    params:
        papers={name: content.model_dump(mode="json") for name, content in PAPERS.items()},
        params=dump(PARAMS),
        template=template_digest(),
        code=code("results"),
    log:
        RESULTS / "logs/report.log",
    benchmark:
        RESULTS / "benchmarks/report/report.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
        gpu=0,
    conda:
        "../../envs/conda.yaml"
    shell:
        "reprosep report --params {PARAMS_FILE} 2> {log}"
