"""Profiles of columns: built from a scan, kept by their content."""
