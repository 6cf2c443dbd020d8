"""Memory settings of the embedded server."""

from pathlib import Path

import pytest

from app.embedded.sizing import MEGABYTE, memory_of_machine, memory_settings

GIGABYTE = 1024 * MEGABYTE


@pytest.mark.parametrize(
    ("memory", "buffers", "work"),
    [
        (256 * MEGABYTE, "32MB", "4MB"),
        (2 * GIGABYTE, "256MB", "4MB"),
        (8 * GIGABYTE, "1024MB", "16MB"),
        (256 * GIGABYTE, "1024MB", "32MB"),
    ],
)
def test_settings_grow_with_the_machine_within_reason(memory: int, buffers: str, work: str) -> None:
    settings = memory_settings(memory)
    assert (settings["shared_buffers"], settings["work_mem"]) == (buffers, work)


def test_container_may_use_less_than_the_machine_has(tmp_path: Path) -> None:
    machine = memory_of_machine(())
    unlimited, small = tmp_path / "max", tmp_path / "small"
    unlimited.write_text("max\n")
    small.write_text(f"{64 * MEGABYTE}\n")
    assert machine > 64 * MEGABYTE
    assert memory_of_machine((unlimited, tmp_path / "missing")) == machine
    assert memory_of_machine((unlimited, small)) == 64 * MEGABYTE
