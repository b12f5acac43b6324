"""What a process says of its own work: spans of traces, and log records as lines of JSON."""
