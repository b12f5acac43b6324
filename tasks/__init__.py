"""The stages of a run and the steps of a retraining: one file for each, with a plain function."""
