"""A contract for import-linter: every dependency has its owners, and nobody else imports it.

The table of owners stands in pyproject.toml. It is read from the other side than a list of
forbidden imports: a package that is added tomorrow owns nothing until the table says so,
and a library that the table does not know may be imported by nobody.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

__all__ = ["Owners", "OwnersContract", "OwnersField"]

#: top-level name of a dependency -> packages that may import it, with all that is in them
Owners = Mapping[str, tuple[str, ...]]


class OwnersField(fields.Field[Owners]):
    """The table of owners, as TOML holds it."""

    def parse(self, raw_data: Any) -> Owners:
        """Return the table.

        Raises
        ------
        ValidationError
            If it is not a table of lists of names.
        """
        if not isinstance(raw_data, dict):
            raise fields.ValidationError("owners must be a table: dependency = [packages]")
        for dependency, owners in raw_data.items():
            if not (isinstance(owners, list) and all(isinstance(each, str) for each in owners)):
                raise fields.ValidationError(f"the owners of {dependency} must be a list of names")
        return {dependency: tuple(owners) for dependency, owners in raw_data.items()}


class OwnersContract(Contract):
    """Each dependency is imported by its owners only.

    Modules of Python itself are free unless the table names them.
    """

    type_name = "owners"
    owners = OwnersField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every import of a module that is not this program's own."""
        output.verbose_print(verbose, "Looking for imports by others than the owners...")
        breaches = sorted(
            (importer, dependency)
            for dependency in self._guarded(graph)
            for importer in graph.find_modules_that_directly_import(dependency)
            if not self._owns(importer, dependency)
        )
        return ContractCheck(kept=not breaches, metadata={"breaches": breaches})

    def _guarded(self, graph: ImportGraph) -> list[str]:
        """Return the imported modules that are not free, by their top-level names."""
        roots = set(self.session_options["root_packages"])
        return [
            name
            for name in graph.modules
            if name.partition(".")[0] not in roots
            and (name in self.owners or name not in sys.stdlib_module_names)  # type: ignore[operator]
        ]

    def _owns(self, importer: str, dependency: str) -> bool:
        owners: Owners = self.owners  # type: ignore[assignment]
        return any(
            importer == owner or importer.startswith(f"{owner}.")
            for owner in owners.get(dependency, ())
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that is not its owner's."""
        owners: Owners = self.owners  # type: ignore[assignment]
        for importer, dependency in check.metadata["breaches"]:
            if dependency in owners:
                allowed = ", ".join(owners[dependency]) or "nobody"
                output.print_error(f"{importer} imports {dependency}; only {allowed} may")
            else:
                output.print_error(f"{importer} imports {dependency}, which has no owner yet")
