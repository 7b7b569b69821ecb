"""A contract for import-linter: every dependency has its owners, and nobody else imports it.

The table of owners stands in pyproject.toml. It is read from the other side than a list of
forbidden imports: a package that is added tomorrow owns nothing until the table says so,
and a library that the table does not know may be imported by nobody.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

__all__ = ["Owners", "OwnersContract", "OwnersField"]

#: top-level name of a dependency, or a room of the program -> packages that may import it, with
#: all that is in them
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

    Modules of Python itself are free unless the table names them. Rooms of the program itself
    may stand in the table too.
    """

    type_name = "owners"
    owners = OwnersField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Check every import of a dependency, and of the rooms that the table names."""
        output.verbose_print(verbose, "Looking for imports by others than the owners...")
        imports = self._of_dependencies(graph) | self._of_rooms(graph)
        breaches = sorted(
            (importer, name)
            for name, importers in imports.items()
            for importer in importers
            if not self._owns(importer, name)
        )
        return ContractCheck(kept=not breaches, metadata={"breaches": breaches})

    @property
    def _table(self) -> Owners:
        return cast("Owners", self.owners)

    def _is_own(self, name: str) -> bool:
        """Return whether a module is the program's."""
        return name.partition(".")[0] in self.session_options["root_packages"]

    def _of_dependencies(self, graph: ImportGraph) -> dict[str, set[str]]:
        """Return who imports each dependency that is not free."""
        return {
            name: graph.find_modules_that_directly_import(name)
            for name in graph.modules
            if not self._is_own(name)
            and (name in self._table or name not in sys.stdlib_module_names)
        }

    def _of_rooms(self, graph: ImportGraph) -> dict[str, set[str]]:
        """Return who imports each room of the table; the package above may hand out its names."""
        found = {}
        for room in filter(self._is_own, self._table):
            inside = {room} | graph.find_descendants(room)
            importers = set().union(*map(graph.find_modules_that_directly_import, inside))
            found[room] = {each for each in importers - inside if not room.startswith(f"{each}.")}
        return found

    def _owns(self, importer: str, name: str) -> bool:
        return any(
            importer == owner or importer.startswith(f"{owner}.")
            for owner in self._table.get(name, ())
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that is not its owner's."""
        for importer, dependency in check.metadata["breaches"]:
            if dependency in self._table:
                allowed = ", ".join(self._table[dependency]) or "nobody"
                output.print_error(f"{importer} imports {dependency}; only {allowed} may")
            else:
                output.print_error(f"{importer} imports {dependency}, which has no owner yet")
