"""What each word after ``bakeoff`` does: a module a pipeline or command, each with a ``run``."""
