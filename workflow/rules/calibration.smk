# Before anything is trained: oracle scores beside the published ones. On real corpora one that is too far away stops here.

for paper in PLAN.calibrated:

    rule:
        name:
            f"calibration_{paper}"
        input:
            PLAN.calibrated_scores(paper),
        output:
            shown(paper, [RESULTS / "papers" / paper / "calibration.csv"], "calibration"),
        log:
            RESULTS / "logs/calibration" / f"{paper}.log",
        benchmark:
            RESULTS / "benchmarks/calibration" / f"{paper}.tsv"
        priority: 10
        group:
            "oracles"
        conda:
            "../../envs/conda.yaml"
        threads: 1
        resources:
            mem_mb=paper_memory("calibration", paper),
            runtime=paper_minutes("calibration", paper),
            gpu=0,
        params:
            paper=paper,
            plan=PAPERS[paper].calibration.model_dump(mode="json"),
            published=PLAN.calibrated_values(paper),
            settings=PLAN.settings("calibration"),
            code=PLAN.code("calibration"),
        shell:
            "reprosep calibrate {params.paper} > {log} 2>&1"
