"""The server of the workbench: sign-in, notebooks and dashboards in one process."""

__all__: list[str] = []
