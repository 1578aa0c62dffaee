"""The checks of ``tlray doctor``: each looks at one part of a set-up and returns one `Result`; none of them changes anything."""
