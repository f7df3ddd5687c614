"""True colour: camera profiles made from a target, kept as ICC files; flat fields; colour differences."""
