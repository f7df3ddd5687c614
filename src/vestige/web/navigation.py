"""The ways through the workbench: what stands at the head of every page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """One entry of the navigation: its word, its address, and the least role that sees it."""

    word: str
    address: str
    role: str
    under: tuple[str, ...] = ()

    def leads_to(self, here: str) -> bool:
        """Whether the page at `here` belongs to this entry.

        >>> Way("nav_jobs", "/jobs", "visitor").leads_to("/jobs/7")
        True
        """
        return here == self.address or any(
            here.startswith(f"{start}/") for start in (self.address, *self.under) if start != "/"
        )


WAYS = (
    Way("nav_collection", "/", "visitor", under=("/object", "/collection", "/search")),
    Way("nav_intake", "/intake", "operator"),
    Way("nav_operate", "/operate", "operator"),
    Way("nav_jobs", "/jobs", "operator", under=("/run",)),
    Way("growing_title", "/growing", "operator"),
    Way("nav_projects", "/projects", "operator"),
    Way("nav_lab", "/lab", "operator"),
)
