"""What is run when: planning, inputs and digests for Snakemake and DVC, records, reproduction."""
