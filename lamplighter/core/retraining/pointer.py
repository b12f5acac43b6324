"""Where the registry says who is champion: what writes it and the services that read it share its name."""

POINTER = "champion.json"
"""The file of a model's folder in the registry that names the champion; a promotion replaces it whole."""
