"""The pages of the server: sign-in, library, jobs, administration, dashboards and errors."""

__all__: list[str] = []
