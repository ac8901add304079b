"""Shared by the converters: read a CSV export, and write lead events, one JSON object per line.

Knows no data set and changes no value: Baton reads dirty text, not the converter.
"""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class ConversionError(Exception):
    """The export cannot be read. The message names file and line and says how to fix it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a CSV file."""

    where: str
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values[column]

    def given(self, *columns: str) -> dict[str, str]:
        """The values of ``columns`` that are not blank. Blank cells are not sent."""
        return {column: self.values[column] for column in columns if self.values[column].strip()}


def read_rows(file: Path, columns: Iterable[str]) -> Iterator[Row]:
    """The lines of a UTF-8 CSV ``file``. Raises `ConversionError` if the file or one of ``columns`` is missing."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise ConversionError(f"{file}: no column {', '.join(missing)}; is this the original export?")
            for values in reader:
                yield checked_row(f"{file}, line {reader.line_num}", values)
    except OSError as error:
        raise ConversionError(f"{file}: {error.strerror}; give the folder that holds the CSV files") from error
    except csv.Error as error:
        raise ConversionError(f"{file}: not a CSV file ({error}); give the original export") from error
    except UnicodeDecodeError as error:
        raise ConversionError(f"{file}: not UTF-8 text; save it as CSV UTF-8") from error


def checked_row(where: str, values: dict[str, Any]) -> Row:
    """A row with exactly one value per column."""
    if None in values or None in values.values():
        raise ConversionError(f"{where}: more or fewer values than the header has; is a quotation mark missing?")
    return Row(where, values)


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, with ``Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def in_order(events: Iterable[Event]) -> list[Event]:
    """Events in the order in which they happened."""
    return sorted(events, key=lambda event: (datetime.fromisoformat(event["occurred_at"]), event["id"]))


def run(convert: Callable[[Path], list[Event]], about: str, argv: list[str] | None = None) -> int:
    """The command of a converter: folder in, NDJSON out. Returns 1, with one sentence, if the export cannot be read."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("folder", type=Path, help="folder that holds the CSV files")
    parser.add_argument("-o", "--output", type=Path, help="file to write (standard output if left out)")
    arguments = parser.parse_args(argv)
    try:
        events = convert(arguments.folder)
        write(events, arguments.output)
    except (ConversionError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    leads = {event["lead"]["external_id"] for event in events}
    sys.stderr.write(f"{len(events):,} events of {len(leads):,} leads\n")
    return 0


def write(events: list[Event], output: Path | None) -> None:
    """Write one event per line."""
    with output.open("w", encoding="utf-8") if output else nullcontext(sys.stdout) as out:
        out.writelines(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
