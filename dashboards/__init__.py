"""What Grafana loads, and the builders that render it from the catalogue."""
