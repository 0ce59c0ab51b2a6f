# Published corpora, downloaded or found where they are; not on a compute node, which often has no internet.
rule get:
    output:
        "resources/.verified/{version}.json",
    log:
        RESULTS / "logs/get/{version}.log",
    benchmark:
        RESULTS / "benchmarks/get/{version}.tsv"
    localrule: True
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


# Published weights, which some systems are scored with as they are.
for weights, files in PLAN.published_weights().items():

    rule:
        name:
            f"get_weights_{weights.replace('-', '_')}"
        output:
            files,
        log:
            RESULTS / "logs/get" / f"{weights}.log",
        benchmark:
            RESULTS / "benchmarks/get" / f"{weights}.tsv"
        localrule: True
        conda:
            "../../envs/conda.yaml"
        threads: 4
        resources:
            mem_mb=2000,
            runtime=1440,
            gpu=0,
        params:
            weights=weights,
        shell:
            "reprosep get {params.weights} --jobs {threads} 2> {log}"
