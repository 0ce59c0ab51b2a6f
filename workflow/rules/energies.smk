# Energy of every source in every chunk, for what weights losses by it and leaves out silent chunks.
rule energies:
    input:
        catalog=rules.catalog.output,
        store=rules.store.output,
        activity=rules.activity.output,
    output:
        RESULTS / "{corpus}/energies.parquet",
    log:
        RESULTS / "logs/energies/{corpus}.log",
    benchmark:
        RESULTS / "benchmarks/energies/{corpus}.tsv"
    group:
        "prepare"
    conda:
        "../../envs/conda.yaml"
    threads: 1
    resources:
        mem_mb=memory("energies"),
        runtime=minutes("energies"),
        gpu=0,
    params:
        settings=of_corpus(PLAN.settings, "energies"),
        code=PLAN.code("energies"),
    shell:
        "reprosep energies {wildcards.corpus} 2> {log}"
