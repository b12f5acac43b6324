"""The identity of values, and how they are written as keys."""
