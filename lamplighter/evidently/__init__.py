"""The one place that imports Evidently: its drift tests and its reports."""
