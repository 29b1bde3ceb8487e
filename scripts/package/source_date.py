"""Writes archives again, with the same time and owner for each file: `source_date.py SECONDS FILE.tar.gz …`."""

from __future__ import annotations

import gzip
import io
import sys
import tarfile
from pathlib import Path


def rewritten(archive: bytes, seconds: int) -> bytes:
    """Return the archive with its files in the order of their names, last changed at this time."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as given,
        gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=seconds) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as made,
    ):
        for member in sorted(given.getmembers(), key=lambda each: each.name):
            content = given.extractfile(member) if member.isreg() else None
            member.mtime, member.uid, member.gid, member.uname, member.gname = seconds, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            made.addfile(member, content)
    return out.getvalue()


def main() -> None:
    """Write the files that the command line names."""
    seconds, *files = sys.argv[1:]
    for file in map(Path, files):
        file.write_bytes(rewritten(file.read_bytes(), int(seconds)))


if __name__ == "__main__":
    main()
