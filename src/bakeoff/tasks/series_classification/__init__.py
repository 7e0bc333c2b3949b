"""Series, or recordings, to one class each."""
