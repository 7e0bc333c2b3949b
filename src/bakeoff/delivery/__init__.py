"""Taking a trained network home: as an ONNX file that is checked against it, made small, measured, and served."""
