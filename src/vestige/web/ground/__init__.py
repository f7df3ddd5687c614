"""Ground: features on a map, judged, edited and drawn by several interpreters."""
