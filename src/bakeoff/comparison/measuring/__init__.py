"""What a training step and an answer cost as sequences grow longer and models wider."""
