"""One module a file format: survey data files to `Survey` values in nanotesla."""
