"""One decision of a model, traced: what it saw and answered, how usual that was, and what became of it."""
