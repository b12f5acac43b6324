"""Detectors: running a YOLO model that was exported as ONNX, and training one (the extra `vision`)."""
