"""Series of numbers with a class each."""
