"""Reference models: what the simplest thing reaches."""
