localrules:
    get,


# Published corpora, downloaded or found where they are; not on a compute node, which often has no internet.
rule get:
    output:
        "resources/.verified/{version}.json",
    log:
        RESULTS / "logs/get/{version}.log",
    benchmark:
        RESULTS / "benchmarks/get/{version}.tsv"
    conda:
        "../../envs/conda.yaml"
    threads: 4
    resources:
        mem_mb=2000,
        runtime=1440,
        gpu=0,
    params:
        version=published,
    shell:
        "reprosep get {wildcards.version} --jobs {threads} 2> {log}"
