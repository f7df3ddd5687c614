"""How soon a drift of one light is found, and how often a steady lab is alarmed: simulated daily charts.

``python -m benchmarks.quality_watch`` prints a table; ``--labs`` says how many labs are simulated a row.

A lab has two banks of three lights. What the chart of a day reads of a light is its true level times what
differs from day to day: the exposure (all lights alike), the lamp's temperature (a bank alike, which wanders
slowly), the reading itself (each light), and on one day in fifty a chart that lay askew (all lights alike, by
up to 5 %). Lamps also age: 1 % in a thousand days.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from vestige.quality.watch import find_drift, shift_of
from vestige.quality.watch.drift import LEARNED

BANKS, CHANNELS = 2, 3
STEADY, ASKEW, ASKEW_BY, AGEING = 200, 1 / 50, 0.05, 0.01 / 1000
SHIFT = shift_of("light_level")


def readings(random: np.random.Generator, days: int, noise: float) -> NDArray[np.float64]:
    """Steady levels, (days, lights): `noise` is the standard deviation of a light from day to day."""
    exposure, lamp, reading = 0.6 * noise, 0.5 * noise, np.sqrt(1 - 0.36 - 0.25) * noise
    common = random.normal(0, exposure, (days, 1))
    wander = np.zeros((days, BANKS))
    for day in range(1, days):  # a first-order process of one week's memory
        wander[day] = 0.87 * wander[day - 1] + random.normal(0, lamp * np.sqrt(1 - 0.87**2), BANKS)
    single = random.normal(0, reading, (days, BANKS * CHANNELS))
    askew = np.where(random.random((days, 1)) < ASKEW, random.uniform(-ASKEW_BY, 0, (days, 1)), 0)
    ageing = -AGEING * np.arange(days)[:, None]
    levels = random.uniform(0.3, 0.8, BANKS * CHANNELS)
    return np.asarray(levels * (1 + common + np.repeat(wander, CHANNELS, 1) + single + askew + ageing))


def false_alarms(labs: int, noise: float, seed: int) -> int:
    """Labs of which a light was told to drift on any of 200 steady days after those of learning."""
    alarmed = 0
    for lab in range(labs):
        found = readings(np.random.default_rng([seed, lab]), LEARNED + STEADY, noise)
        alarmed += any(find_drift(found[:, light], SHIFT).told for light in range(found.shape[1]))
    return alarmed


def charts_until_found(labs: int, noise: float, seed: int, *, loss: float, slow: int = 1) -> list[int]:
    """For each lab, with how many charts after the light had lost all of `loss` it was told; 99 is never.

    `slow` is the number of days over which it is lost. The steady days before are as many as chance has it.
    """
    needed = []
    for lab in range(labs):
        random = np.random.default_rng([seed, lab, 7])
        begins = LEARNED + int(random.integers(0, 60))
        found = readings(random, begins + slow + 20, noise)[:, 0]
        found[begins:] *= 1 - loss * np.minimum(np.arange(1, found.size - begins + 1) / slow, 1)
        full = begins + slow - 1
        told = [place - full + 1 for place in find_drift(found, SHIFT).told if place >= begins]
        needed.append(told[0] if told else 99)
    return needed


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--labs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    begun = time.perf_counter()
    print(f"{given.labs} labs of {BANKS * CHANNELS} lights; noise is the standard deviation from day to day")
    print("noise %  labs alarmed in 200 steady days  2 % lost at once: found within 3 / 5 charts  slowest")
    print("         and 2 % lost over 10 days, 8 % lost at once: found within 5 charts")
    for noise in (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0):
        alarmed = false_alarms(given.labs, noise / 100, given.seed)
        sudden = np.array(charts_until_found(given.labs, noise / 100, given.seed, loss=0.02))
        slow = np.array(charts_until_found(given.labs, noise / 100, given.seed, loss=0.02, slow=10))
        large = np.array(charts_until_found(given.labs, noise / 100, given.seed, loss=0.08))
        print(
            f"{noise:6.1f}   {alarmed:3d} of {given.labs}   {np.mean(sudden <= 3):6.1%} "
            f"{np.mean(sudden <= 5):6.1%}   {sudden.max():2d}   "
            f"{np.mean(slow <= 5):6.1%}   {np.mean(large <= 5):6.1%}"
        )
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
