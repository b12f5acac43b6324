"""Profiles of columns, and what is unlike the windows before."""
