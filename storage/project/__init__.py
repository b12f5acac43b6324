"""The project's folder: its monitors, settings, variables, private files and code."""
