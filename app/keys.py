"""Keys of tokens, of which only digests are stored."""

from hashlib import sha256


def digest(key: str) -> str:
    """What is stored of a key: its SHA-256, in hex. Keys are random, so that no salt or stretching is needed."""
    return sha256(key.encode()).hexdigest()
