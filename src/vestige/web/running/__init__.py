"""Running: forms from recipes, live previews, jobs and how far they are."""
