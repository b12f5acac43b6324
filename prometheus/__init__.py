"""What Prometheus loads, and the builders that render it from the catalogue."""
