"""What every address has in common: handlers, templates, turns, the web server."""

__all__: list[str] = []
