"""IIIF over HTTP: images, manifests, collections, search, content state."""
