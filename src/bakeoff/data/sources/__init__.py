"""Where examples come from; each source yields a Hugging Face ``DatasetDict``. A configuration names its own module."""
