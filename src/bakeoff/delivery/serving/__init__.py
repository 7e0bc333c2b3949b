"""A run that answers over HTTP."""
