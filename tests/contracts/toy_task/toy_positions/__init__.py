"""A task from outside of bakeoff: where a sequence has its peaks, learnt from JSON lines."""
