"""The live stack without containers: servers from the PATH, the example service and a Prefect server."""
