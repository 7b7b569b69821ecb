"""The system users that people's kernels run as, and the folders that are theirs."""

__all__: list[str] = []
