"""What is kept in memory as long as it is true."""

from collections import OrderedDict
from collections.abc import Hashable


class Memory:
    """Values by key, each of one version; the most recently used of them, up to so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._size = 0
        self._kept: OrderedDict[Hashable, tuple[object, object, int]] = OrderedDict()

    def get(self, key: Hashable, version: object) -> object | None:
        """The value of that version, if it is kept."""
        kept = self._kept.get(key)
        if kept is None or kept[0] != version:
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def put(self, key: Hashable, version: object, value: object, size: int) -> None:
        """Keeps a value of so many bytes in place of other versions, and drops what was not used for longest."""
        if key in self._kept:
            self._size -= self._kept.pop(key)[2]
        self._kept[key] = version, value, size
        self._size += size
        while self._size > self._most:
            _, (_, _, dropped) = self._kept.popitem(last=False)
            self._size -= dropped

    def forget(self) -> None:
        """Drops everything."""
        self._kept.clear()
        self._size = 0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def __len__(self) -> int:
        return len(self._kept)
