"""bakeoff: CNN, RNN or Transformer, settled with evidence."""

__version__ = "0.1.0"
