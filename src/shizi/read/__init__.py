"""Strips to text: the alphabet, the network's runtime, CTC, hints about what may be read, and trust. No torch here."""
