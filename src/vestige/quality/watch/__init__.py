"""Watching the lab: a chart a day a device, what drifts over time, and the alarm in plain words."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
