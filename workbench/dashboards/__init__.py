"""Dashboards: notebooks that the server shows as pages, and the modules that they call."""

__all__: list[str] = []
