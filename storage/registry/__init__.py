"""Versions of models: their files, references and trainers."""
