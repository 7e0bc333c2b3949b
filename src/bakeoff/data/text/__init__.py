"""Text: tokenizers, batches of similar length, labelled texts, streams of text and pairs of texts."""
