"""The steps of a retraining, one file each."""
