"""Everything that a person touches: commands, server, client, dashboards, notebooks, widgets."""

__all__: list[str] = []
