"""From a processed grid to classes, confidence and polygons."""
