"""What things are called on the Prefect server."""

WORK_POOL = "lamplighter"
"""The pool of all our deployments."""
