"""Object ids: a prefix that names the kind, then 16 hexadecimal digits.

Seeded objects have ids that follow from their number, so that tests and demos can name them without asking.
"""

import hashlib
import secrets


def seeded_id(prefix: str, number: int) -> str:
    """The id of the `number`-th seeded object of a kind, counted from 0: `seeded_id("ch", 0)` is the first charge."""
    return f"{prefix}_{hashlib.blake2b(f'{prefix}:{number}'.encode(), digest_size=8).hexdigest()}"


def fresh_id(prefix: str) -> str:
    """A random id that no other object has."""
    return f"{prefix}_{secrets.token_hex(8)}"
