"""Quality of predictions against the truth: every metric with its rows, its 95 % interval, or why it has no value.

Each function takes the rows once and any number of groupings, and returns a measurement per metric and group. Metrics
of counts and ranks are computed for all groups at once; each equals what the group's rows alone would give.
"""
