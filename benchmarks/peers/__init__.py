"""The same work without tlray: written from the description of the markup, sharing no code with it."""
