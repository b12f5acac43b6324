"""When to retrain, and whether the challenger is better."""
