"""Finished parts of a run on disk, so that a kill costs only the part in hand."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vestige.capture.durable import sync_folder, write_atomically

_TREE = "tree.json"


class PartStore:
    """Results of parts by key: one file a part, either whole or not there.

    A result is a tree of None, bool, int, float, str, list, tuple, dict, NumPy arrays and scalars,
    and paths beneath one of `roots`. No pickles: a part can be read by anyone.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = PartStore(Path(folder))
    ...     _ = store.write("a/1", {"x": (1, 2.5)}, roots=())
    ...     store.holds("a/1"), store.read("a/1", roots=())
    (True, {'x': (1, 2.5)})
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """The file of a part."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", key)[:60]
        return self.folder / f"{plain}.{hashlib.sha256(key.encode()).hexdigest()[:12]}.part"

    def holds(self, key: str) -> bool:
        """Whether the part is finished."""
        return self.path(key).is_file()

    def any(self) -> bool:
        """Whether any part is finished."""
        return next(self.folder.glob("*.part"), None) is not None

    def write(self, key: str, value: Any, roots: Sequence[Path]) -> Any:
        """Keep the result of a part; returns it just as `read` will give it.

        So a run that goes on from kept parts computes with the very same values as one that was
        never stopped: a NumPy scalar is a Python number in both.

        Raises
        ------
        TypeError
            where the value holds something that cannot be kept.
        OutputError
            where the disk refuses.
        """
        import numpy as np

        arrays: list[np.ndarray[Any, Any]] = []
        tree = json.dumps(_encode(value, arrays, roots))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_TREE, tree)
            for number, array in enumerate(arrays):
                with archive.open(f"{number}.npy", "w", force_zip64=True) as stream:
                    np.lib.format.write_array(stream, array, allow_pickle=False)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path(key), buffer.getbuffer())
        return _decode(json.loads(tree), arrays, roots)

    def read(self, key: str, roots: Sequence[Path]) -> Any:
        """The result of a finished part.

        Raises
        ------
        LookupError
            where the part is not there, is damaged, or names a file that is gone.
        """
        import numpy as np

        try:
            with zipfile.ZipFile(self.path(key)) as archive:
                tree = json.loads(archive.read(_TREE))
                names = sorted(set(archive.namelist()) - {_TREE}, key=lambda name: int(name.split(".")[0]))
                arrays = []
                for name in names:
                    with archive.open(name) as stream:
                        arrays.append(np.lib.format.read_array(stream, allow_pickle=False))
            return _decode(tree, arrays, roots)
        except Exception as error:  # a damaged file may raise anything; the part is done again
            raise LookupError(key) from error


def _encode(value: Any, arrays: list[Any], roots: Sequence[Path]) -> Any:
    import numpy as np

    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError("a part cannot return an array of objects; return numbers")
        flags = value.flags
        arrays.append(np.asarray(value) if flags.c_contiguous or flags.f_contiguous else value.copy())
        return {"$array": len(arrays) - 1}
    if isinstance(value, Path):
        for number, root in enumerate(roots):
            if value.is_relative_to(root):
                _make_durable(value)
                return {"$path": [number, value.relative_to(root).as_posix()]}
        raise TypeError(f"a part may only return paths beneath its folders, not {value}")
    if isinstance(value, tuple):
        return {"$tuple": [_encode(item, arrays, roots) for item in value]}
    if isinstance(value, list):
        return [_encode(item, arrays, roots) for item in value]
    if isinstance(value, dict):
        pairs = [[_encode(key, arrays, roots), _encode(item, arrays, roots)] for key, item in value.items()]
        return {"$dict": pairs}
    raise TypeError(f"a part cannot return a {type(value).__name__}; return numbers, arrays, dicts or paths")


def _make_durable(path: Path) -> None:
    """A file that a kept part names must outlast a power cut as the part does."""
    if path.is_dir():
        sync_folder(path)
    elif path.is_file():
        with open(path, "rb") as stream:
            os.fsync(stream.fileno())


def _decode(tree: Any, arrays: list[Any], roots: Sequence[Path]) -> Any:
    if isinstance(tree, list):
        return [_decode(item, arrays, roots) for item in tree]
    if not isinstance(tree, dict):
        return tree
    ((mark, content),) = tree.items()
    if mark == "$array":
        return arrays[content]
    if mark == "$tuple":
        return tuple(_decode(item, arrays, roots) for item in content)
    if mark == "$path":
        path = roots[content[0]] / content[1]
        if not path.exists():
            raise LookupError(str(path))
        return path
    return {_decode(key, arrays, roots): _decode(item, arrays, roots) for key, item in content}
