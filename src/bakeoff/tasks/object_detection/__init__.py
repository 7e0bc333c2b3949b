"""Object detection: a box around each thing, and its class."""
