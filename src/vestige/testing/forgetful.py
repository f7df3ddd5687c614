"""A disk that forgets at a power cut whatever was not synced: content, names, renames."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vestige.archive.disk import Disk


class PowerCut(BaseException):
    """The machine is off: nothing after this happened. No handler of errors may catch it."""


@dataclass
class _File:
    durable: bytes | None = None


@dataclass
class _Folder:
    names: dict[str, _File | _Folder] = field(default_factory=dict)
    durable: dict[str, _File | _Folder] = field(default_factory=dict)


class ForgetfulDisk(Disk):
    """A real folder, with a model beside it of what a power cut would leave of it.

    A file keeps the content it had when it was last synced; a folder the names it had when it was
    last synced. What was written and not synced may be there whole, in part or not at all: chance
    decides. ``cut_after(n)`` turns the power off just before the n-th change from now.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp(), "disk")
    >>> disk = ForgetfulDisk(folder)
    >>> disk.write(folder / "kept", [b"1"], sync=True)
    >>> disk.sync(folder)
    >>> disk.write(folder / "lost", [b"2"], sync=True)
    >>> disk.power_cut()
    >>> [path.name for path in folder.iterdir()]
    ['kept']
    """

    def __init__(self, root: Path, seed: int = 0) -> None:
        self.root = root
        self.chance = random.Random(seed)
        self.tree = _Folder()
        self.left: int | None = None
        root.mkdir(parents=True, exist_ok=True)

    def cut_after(self, changes: int | None) -> None:
        """Turn the power off before that many changes from now; None leaves it on."""
        self.left = changes

    def power_cut(self) -> None:
        """Leave on the real folder what the disk had kept."""
        self.left = None
        shutil.rmtree(self.root)
        self._restore(self.tree, self.root)

    # -- the operations of a disk ----------------------------------------------------------------

    def make_folder(self, path: Path) -> None:
        """Make one new folder."""
        self._tick()
        super().make_folder(path)
        self._folder(path.parent).names[path.name] = _Folder()

    def write(self, path: Path, chunks: Iterable[bytes | memoryview], *, sync: bool = False) -> None:
        """Write a new file."""
        self._tick()
        super().write(path, chunks)
        self._folder(path.parent).names[path.name] = made = _File()
        if sync:
            self._tick()
            made.durable = path.read_bytes()

    def append(self, path: Path, data: bytes) -> None:
        """Add to the end of a file, durably."""
        self._tick()
        with open(path, "ab") as stream:
            stream.write(data)
        found = self._folder(path.parent).names.setdefault(path.name, _File())
        assert isinstance(found, _File)
        self._half_way(found, path, data)
        found.durable = path.read_bytes()

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file, durably."""
        self._tick()
        super().truncate(path, size)
        found = self._node(path)
        assert isinstance(found, _File)
        found.durable = path.read_bytes()

    def link(self, path: Path, new: Path) -> None:
        """A second name for a file."""
        self._tick()
        super().link(path, new)
        self._folder(new.parent).names[new.name] = self._node(path)

    def rename(self, path: Path, new: Path) -> None:
        """Move a file or a folder."""
        self._tick()
        super().rename(path, new)
        moved = self._folder(path.parent).names.pop(path.name)
        self._folder(new.parent).names[new.name] = moved

    def exchange(self, first: Path, second: Path) -> None:
        """Let two folders trade places."""
        self._tick()
        super().exchange(first, second)
        one, two = self._folder(first.parent).names, self._folder(second.parent).names
        one[first.name], two[second.name] = two[second.name], one[first.name]

    def sync(self, path: Path) -> None:
        """Make durable what is there now."""
        self._tick()
        found = self.tree if path == self.root else self._node(path)
        if isinstance(found, _File):
            found.durable = path.read_bytes()
        else:
            self._sync_folder(found)

    def remove(self, path: Path) -> None:
        """Take away a file or a folder."""
        self._tick()
        super().remove(path)
        self._folder(path.parent).names.pop(path.name, None)

    # -- the model -------------------------------------------------------------------------------

    def _sync_folder(self, folder: _Folder) -> None:
        """Names become durable; a rename is one step, so what moved here is durably gone from there."""
        arrived = [node for name, node in folder.names.items() if folder.durable.get(name) is not node]
        folder.durable = dict(folder.names)
        for other in _folders(self.tree):
            for name, node in list(other.durable.items()):
                if other is not folder and other.names.get(name) is not node and _is_in(node, arrived):
                    if name in other.names:
                        other.durable[name] = other.names[name]
                    else:
                        del other.durable[name]

    def _tick(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            raise PowerCut

    def _half_way(self, found: _File, path: Path, data: bytes) -> None:
        """The power may go while a file grows: then a part of what was added is there."""
        if self.left == 0:
            before = path.read_bytes()[: -len(data)] if data else path.read_bytes()
            found.durable = before + data[: self.chance.randrange(len(data) + 1)]
            raise PowerCut

    def _node(self, path: Path) -> _File | _Folder:
        return self._folder(path.parent).names[path.name]

    def _folder(self, path: Path) -> _Folder:
        found = self.tree
        for name in path.relative_to(self.root).parts:
            # Lock files and the like are made past this model; a folder never is.
            inner = found.names[name]
            assert isinstance(inner, _Folder)
            found = inner
        return found

    def _restore(self, folder: _Folder, path: Path) -> None:
        path.mkdir()
        durable = [node for other in _folders(self.tree) for node in other.durable.values()]
        kept = dict(folder.durable)
        for name, node in folder.names.items():
            # A name that was not synced may have reached the disk by chance, but nothing stands twice.
            fresh = name not in kept and isinstance(node, _File) and not _is_in(node, durable)
            if fresh and self.chance.random() < 0.5:
                kept[name] = node
        folder.names, folder.durable = dict(kept), dict(kept)
        for name, node in kept.items():
            if isinstance(node, _Folder):
                self._restore(node, path / name)
            else:
                node.durable = node.durable if node.durable is not None else b""
                (path / name).write_bytes(node.durable)


def _folders(folder: _Folder) -> Iterator[_Folder]:
    """A folder and all beneath it, by the names it has and those it had."""
    seen: set[int] = set()
    todo = [folder]
    while todo:
        here = todo.pop()
        if id(here) not in seen:
            seen.add(id(here))
            yield here
            inner = [*here.names.values(), *here.durable.values()]
            todo += [node for node in inner if isinstance(node, _Folder)]


def _is_in(node: _File | _Folder, nodes: Iterable[_File | _Folder]) -> bool:
    return any(node is other for other in nodes)
