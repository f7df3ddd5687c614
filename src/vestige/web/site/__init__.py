"""A published site: what an archive keeps as plain files, to be opened from any web host or from a stick."""
