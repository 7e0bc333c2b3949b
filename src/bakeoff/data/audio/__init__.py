"""Recordings: how they are read, what is computed of them, and what is said in them."""
