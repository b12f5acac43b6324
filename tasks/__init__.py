"""The stages of a night: one file each, a plain function and its thin Prefect task."""
