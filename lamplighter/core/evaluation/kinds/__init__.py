"""How each kind of model is measured; the table of kinds names these files."""
