"""Looking: comparing, measuring, downloading."""
