"""All that touches a disk, a database or an object store. No Prefect."""
