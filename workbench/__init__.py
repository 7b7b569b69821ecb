"""Everything that a person touches: commands, server, widgets, panels."""

__all__: list[str] = []
