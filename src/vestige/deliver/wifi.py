"""What a phone must know to join the Wi-Fi, and the codes that its camera reads."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

#: Without signs that look like others: a person may have to type it.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_SPECIAL: Final = '\\;,":'


@dataclass(frozen=True)
class WifiAccess:
    r"""Name and password of a network that a visitor joins.

    >>> WifiAccess("Reading; room", "abcd2345").text
    'WIFI:T:WPA;S:Reading\\; room;P:abcd2345;;'
    """

    name: str
    password: str

    def __repr__(self) -> str:
        """Say the name alone: no log shall hold a password."""
        return f"WifiAccess({self.name!r})"

    @classmethod
    def fresh(cls, name: str) -> WifiAccess:
        """A password that nobody had before: 12 signs, 59 bits, for minutes.

        >>> len(WifiAccess.fresh("Scans").password)
        12
        """
        return cls(name, "".join(secrets.choice(_LETTERS) for _ in range(12)))

    @property
    def text(self) -> str:
        """What stands in the code that joins (the Wi-Fi Alliance's URI scheme, WPA3 specification 7)."""
        name, password = (
            "".join(f"\\{sign}" if sign in _SPECIAL else sign for sign in value)
            for value in (self.name, self.password)
        )
        return f"WIFI:T:WPA;S:{name};P:{password};;"


def code(text: str) -> str:
    """A QR code as SVG without colour names or styles of its own: quiet zone of four modules, level M.

    >>> code("http://10.42.0.1/s/x")[:4]
    '<svg'
    """
    import segno

    made = segno.make(text, error="m", micro=False)
    drawn: str = made.svg_inline(
        border=4, omitsize=True, dark="#000", light="#fff", svgclass="qr", lineclass=None
    )
    return drawn
