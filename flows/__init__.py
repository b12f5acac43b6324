"""One file per Prefect flow: the order of the stages and nothing else."""
