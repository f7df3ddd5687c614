"""Broken files on purpose: seeded mutants of a good one."""

from __future__ import annotations

import random
from collections.abc import Iterator


def mutants(good: bytes, count: int = 300, seed: int = 0) -> Iterator[bytes]:
    """Seeded mutants of a file: cut short, bits flipped, bytes overwritten, blocks repeated or dropped.

    >>> found = list(mutants(b"0123456789" * 10, count=5))
    >>> len(found), all(mutant != b"0123456789" * 10 for mutant in found)
    (5, True)
    """
    chance = random.Random(seed)
    made = 0
    while made < count:
        mutant = _mutate(bytearray(good), chance)
        if mutant != good:
            made += 1
            yield mutant


def _mutate(data: bytearray, chance: random.Random) -> bytes:
    size = max(len(data), 1)
    match chance.randrange(6):
        case 0:
            return bytes(data[: chance.randrange(size)])
        case 1:
            for _ in range(chance.randint(1, 8)):
                data[chance.randrange(size)] ^= 1 << chance.randrange(8)
        case 2:  # headers say the most: break them more often than the rest
            start = chance.randrange(min(size, 512))
            for place in range(start, min(start + chance.randint(1, 4), size)):
                data[place] = chance.choice((0, 1, 127, 128, 254, 255))
        case 3:
            start = chance.randrange(size)
            del data[start : start + chance.randint(1, max(1, size // 8))]
        case 4:
            start = chance.randrange(size)
            data[start:start] = data[start : start + chance.randint(1, max(1, size // 8))]
        case _:
            start, length = chance.randrange(size), chance.randint(1, max(1, size // 16))
            data[start : start + length] = bytes(chance.randrange(256) for _ in range(length))
    return bytes(data)
