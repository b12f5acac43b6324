"""The second example: a YOLO detector that sees a street by day, and the evenings on which dusk falls."""
