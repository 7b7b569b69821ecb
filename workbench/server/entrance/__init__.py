"""Who asks, with which token, and what they may ask for."""

__all__: list[str] = []
