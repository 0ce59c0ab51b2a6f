rule notes:
    input:
        catalog=rules.catalog.output,
        notes=of_corpus(PLAN.note_files),
    output:
        RESULTS / "{corpus}/notes/index.parquet",
        RESULTS / "{corpus}/notes/notes.parquet",
    log:
        RESULTS / "logs/notes/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/notes/{corpus}.tsv"
    group:
        "prepare"
    conda:
        "../../envs/conda.yaml"
    threads: 1
    resources:
        mem_mb=memory("notes"),
        runtime=minutes("notes"),
        gpu=0,
    params:
        settings=of_corpus(PLAN.settings, "notes"),
        code=PLAN.code("notes"),
    shell:
        "reprosep notes {wildcards.corpus} 2> {log}"
