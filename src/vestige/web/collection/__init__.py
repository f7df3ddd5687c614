"""The collection: search, objects, projects, what is said of them."""
