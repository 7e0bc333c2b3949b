"""Interactions of users with items: who took what, and when."""
