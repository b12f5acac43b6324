"""What `lamplighter doctor` looks at: whether all that a run needs is there, and sound. It changes nothing."""
