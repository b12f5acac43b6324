"""Predictions joined with the labels that have arrived."""
