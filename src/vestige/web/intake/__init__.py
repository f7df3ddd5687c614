"""Taking in: folders that are dropped or watched become captures."""
