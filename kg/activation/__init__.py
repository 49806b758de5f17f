"""The activation registry: what was asked, answered, commanded and delivered, and the proof of it."""
