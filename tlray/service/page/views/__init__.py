"""The views of the page, one module per subject."""
