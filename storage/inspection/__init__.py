"""Reading a source before it is monitored, for `init` and `validate`."""
