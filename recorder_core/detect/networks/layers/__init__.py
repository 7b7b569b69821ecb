"""What the networks share, engine by engine."""

__all__: list[str] = []
