"""Made sequences with published results: how far a model remembers, and what it makes of longer inputs."""
