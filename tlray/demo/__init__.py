"""The bundled demo site: pages in the real markup, invented content, a server that misbehaves on request."""
