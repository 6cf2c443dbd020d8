"""Reads a JSON object of tables row by row, in memory bounded by the largest row.

Written here since ijson turns lone surrogates into `?`, which no check finds afterwards, and fails on large integers.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from json import JSONDecodeError, JSONDecoder
from typing import BinaryIO, Literal, NamedTuple, Never

CHUNK = 1 << 20
LARGEST_VALUE = 1 << 24
"""Characters that one row may have."""
LONGEST_NUMBER = 1 << 13
"""Characters kept in sight behind the position, so that no number or literal is cut where a chunk ends."""

_BLANK = re.compile(r"[ \t\n\r]*")

Kind = Literal["object", "array", "value"]
_KINDS: Mapping[str, Kind] = {"{": "object", "[": "array"}
"""By the first character."""


class MalformedFile(ValueError):
    """The file is no JSON object of tables; the message says where."""


class Opening(NamedTuple):
    """The beginning of a table."""

    table: str
    kind: Kind


class Entry(NamedTuple):
    """A row of the table begun last, under its key (in an object) or place from 1 on (in an array)."""

    table: str
    key: str | int
    value: object


def entries(dataset: Mapping[str, object]) -> Iterator[Opening | Entry]:
    """The tables of a data set in memory, each followed by its rows."""
    for table, content in dataset.items():
        if isinstance(content, Mapping):
            yield Opening(table, "object")
            yield from (Entry(table, key, value) for key, value in content.items())
        elif isinstance(content, (list, tuple)):
            yield Opening(table, "array")
            yield from (Entry(table, place, value) for place, value in enumerate(content, start=1))
        else:
            yield Opening(table, "value")


def read(source: BinaryIO) -> Iterator[Opening | Entry]:
    """The tables of a file or pipe in UTF-8, which need not be seekable, each with its rows; raises MalformedFile."""
    text = _Text(source)
    if text.next() != "{":
        raise text.malformed("The file must be a JSON object of tables")
    for table in text.members():
        kind = _KINDS.get(text.next(), "value")
        yield Opening(table, kind)
        if kind == "value":
            text.value()
        else:
            for key in text.members() if kind == "object" else text.elements():
                yield Entry(table, key, text.value())
    if text.next():
        raise text.malformed("Nothing may follow the object of tables")


def _refuse(constant: str) -> Never:
    raise MalformedFile(f"{constant} is no JSON number")


class _Text:
    """The text of a source, of which only the part around the current position is in memory."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._decode = getincrementaldecoder("utf-8-sig")().decode
        self._json = JSONDecoder(parse_constant=_refuse).raw_decode
        self._text = ""
        self._position = 0
        self._bytes = 0
        self._lines = 0
        self._ended = False

    def next(self) -> str:
        """The next character that is not blank, which stays the next; "" at the end."""
        while True:
            blank = _BLANK.match(self._text, self._position)
            self._position = blank.end() if blank else self._position
            if self._position < len(self._text) or self._ended:
                return self._text[self._position : self._position + 1]
            self._more(CHUNK)

    def value(self) -> object:
        """The JSON value that comes next."""
        self.next()
        size = CHUNK
        while not self._ended and len(self._text) - self._position < LONGEST_NUMBER:
            self._more(CHUNK)
        while True:
            try:
                value: object
                value, self._position = self._json(self._text, self._position)
            except JSONDecodeError as error:
                self._want_more(error)
                self._more(size)
                size *= 2
            except RecursionError:
                raise self.malformed("this is nested too deeply") from None
            except ValueError as error:  # NaN, and integers of thousands of digits
                raise self.malformed(str(error).partition(";")[0]) from None
            else:
                return value

    def members(self) -> Iterator[str]:
        """The keys of the object that comes next; the caller reads the value after each."""
        for _ in self._items("{", "}"):
            if self.next() != '"':
                raise self.malformed("a member's name in double quotes is expected")
            key = str(self.value())
            self._take(":")
            yield key

    def elements(self) -> Iterator[int]:
        """The places, from 1 on, of the array that comes next; the caller reads the value after each."""
        yield from self._items("[", "]")

    def malformed(self, reason: str) -> MalformedFile:
        """An error that tells the line of the current position."""
        line = self._lines + self._text.count("\n", 0, self._position) + 1
        reason = reason[:1].upper() + reason[1:]
        return MalformedFile(f"{reason}, but the file ends." if not self.next() else f"{reason} (line {line}).")

    def _want_more(self, error: JSONDecodeError) -> None:
        """Raises MalformedFile if reading on cannot mend the error."""
        if len(self._text) - self._position > LARGEST_VALUE:
            raise self.malformed(f"this is no JSON, or a row of more than {LARGEST_VALUE} characters") from None
        if self._ended:
            self._position = error.pos
            raise self.malformed(f"this is no JSON: {error.msg}") from None

    def _items(self, opening: str, closing: str) -> Iterator[int]:
        self._take(opening)
        place = 0
        while place or self.next() != closing:
            place += 1
            yield place
            if self.next() == closing:
                break
            self._take(",", closing)
        self._take(closing)

    def _take(self, wanted: str, *others: str) -> None:
        if self.next() != wanted:
            raise self.malformed(f"{' or '.join((wanted, *others))} is expected")
        self._position += 1

    def _more(self, size: int) -> None:
        """Drops what lies before the position and reads on."""
        data = self._source.read(size)
        self._ended = not data
        try:
            added = self._decode(data, self._ended)
        except UnicodeDecodeError as error:
            raise MalformedFile(
                f"The file is not in UTF-8: {error.reason} near byte {self._bytes + error.start}."
            ) from None
        self._bytes += len(data)
        self._lines += self._text.count("\n", 0, self._position)
        self._text = self._text[self._position :] + added
        self._position = 0
