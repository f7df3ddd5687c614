"""The implant test: simulated rings of known strength in somebody's own survey, and how many are found."""
