"""The hand-off page: a screen for the visitor at the scanner, and pages for their phone."""
