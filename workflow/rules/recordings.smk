rule recordings:
    output:
        RESULTS / "{corpus}/recordings.json",
    params:
        corpus=corpus_settings("kind", "roots", "standin"),
        listing=listing,
        code=code("corpora"),
    log:
        RESULTS / "logs/recordings/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/recordings/{corpus}.tsv"
    threads: workflow.cores or 2
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=0,
    conda:
        "../../envs/conda.yaml"
    shell:
        "reprosep recordings {wildcards.corpus} --params {PARAMS_FILE} --threads {threads} 2> {log}"
