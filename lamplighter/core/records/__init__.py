"""What is recorded: measurements, findings, and their names."""
