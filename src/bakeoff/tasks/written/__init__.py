"""Answers that are written token by token: how they are searched for, and what they are worth."""
