"""What every table can do: show itself, and become an Arrow or a pandas table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import pyarrow as pa

from recorder_core.model.values.html import html_table
from recorder_core.tables.columns import TABLES, Column, TableKind, arrow_schema

__all__ = ["Table"]

#: rows that a notebook shows
_SHOWN_ROWS: Final = 10


class Table(ABC):
    """Rows with the columns of one kind of file; ``docs/tables.md`` describes them.

    Attributes
    ----------
    kind : TableKind
        Which columns it has.
    """

    __slots__ = ()

    kind: ClassVar[TableKind]

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """Return what the table holds how many of, rows first."""

    @abstractmethod
    def _columns(self) -> Mapping[str, pa.Array]:
        """Return the columns by name, in the order of the file."""

    def to_arrow(self) -> pa.Table:
        """Return a PyArrow table with the columns of the file."""
        return pa.table(dict(self._columns())).cast(arrow_schema(self.kind))

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame with the columns of the file.

        Returns
        -------
        pandas.DataFrame
            One row for each of the table. What the file leaves empty is NaN or None.
        """
        return self.to_arrow().to_pandas()

    def __repr__(self) -> str:
        counts = ", ".join(f"{name}={count}" for name, count in self.counts().items())
        return f"{type(self).__name__}({counts})"

    def _repr_html_(self) -> str:
        table = self.to_arrow()
        headings = [_heading(column) for column in TABLES[self.kind]]
        rows = [list(row.values()) for row in table.slice(0, _SHOWN_ROWS).to_pylist()]
        more = f", the first {_SHOWN_ROWS}" * (table.num_rows > _SHOWN_ROWS)
        return html_table(headings, rows, caption=f"{self!r}{more}")


def _heading(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    return f"{column.name}{unit} {column.type}"
