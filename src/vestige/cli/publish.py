"""``vestige publish``: objects for others, as a static website, IIIF, a bag or a crate; first `check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vestige.cli.archive_checks import AS_JSON, say
from vestige.cli.console import ON_DISK, Watch, fail_in_part, tell
from vestige.errors import UsageError, VestigeError

if TYPE_CHECKING:
    from vestige.archive import Archive
    from vestige.publish.staging import Published
    from vestige.web.site.things import Thing


class Publish(click.Command):
    """`publish check …` is a command of its own; any other first word is an object."""

    #: Commands beneath this one, by their first word: module and name.
    beneath = {"check": "vestige.cli.publish_check:check"}

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the one or the other."""
        if args and args[0] in self.beneath:
            module, _, name = self.beneath[args[0]].partition(":")
            command: click.Command = getattr(import_module(module), name)
            return command.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(cls=Publish)
@click.argument("names", nargs=-1, metavar="OBJECT...")
@click.option(
    "--to",
    "form",
    type=click.Choice(["site", "iiif", "bag", "rocrate"]),
    required=True,
    help="What to make of them",
)
@click.option(
    "--archive", "place", type=ON_DISK, help="The archive; without one, OBJECTs are product folders"
)
@click.option("--out", type=ON_DISK, required=True, help="The folder to write")
@click.option("--all", "everything", is_flag=True, help="Every object of the archive")
@click.option("--url", default="", help="Where the folder will stand on the web: https://…")
@click.option("--title", default="", help="What the site is called")
@click.option("--originals", is_flag=True, help="Hand out the files of pictures too (site)")
@AS_JSON
def publish(
    names: tuple[str, ...],
    form: str,
    place: Path | None,
    out: Path,
    everything: bool,
    url: str,
    title: str,
    originals: bool,
    *,
    as_json: bool,
) -> None:
    """Publish OBJECTs: what fails is named, the rest is published.

    \b
    site     a website of plain files with all viewers and a search, for any web host or a stick
    iiif     images and manifests for other libraries' viewers (needs --url)
    bag      a BagIt bag a capture, with everything the archive keeps of it
    rocrate  the same as a plain RO-Crate

    Is a volume good enough? vestige publish check VOLUME --profile dfg
    """  # noqa: D301 - click reads the backspace
    if bool(names) == everything:
        raise UsageError("name the objects to publish, or give --all")
    if place is None and (form != "site" or everything):
        raise UsageError("give --archive: only a site can be made of folders of products")
    if place is None:
        _site(None, names, out, url, title, originals=originals, as_json=as_json)
        return
    from vestige.archive import Archive
    from vestige.web.site.things import every

    with Archive(place) as archive:
        chosen = tuple(every(archive)) if everything else names
        if form == "site":
            _site(archive, chosen, out, url, title, originals=originals, as_json=as_json)
        elif form == "iiif":
            _iiif(archive, chosen, out, url, title, as_json=as_json)
        else:
            _copies(archive, chosen, out, form, as_json=as_json)


def _site(
    archive: Archive | None,
    names: tuple[str, ...],
    out: Path,
    url: str,
    title: str,
    *,
    originals: bool,
    as_json: bool,
) -> None:
    from vestige.web.site.publication import publish_site

    watch = Watch()
    found = publish_site(
        _things(archive, names),
        out,
        title=title,
        url=url,
        originals=originals,
        progress=lambda done, label: watch(done, len(names), label),
    )
    watch.close()
    _tell(found, len(names), out, as_json=as_json)


def _iiif(
    archive: Archive, names: tuple[str, ...], out: Path, url: str, title: str, *, as_json: bool
) -> None:
    from vestige.publish.iiif.still import publish_still

    watch = Watch()
    found = publish_still(
        archive,
        names,
        out,
        url=url,
        title=title,
        progress=lambda done, label: watch(done, len(names), label),
    )
    watch.close()
    _tell(found, len(names), out, as_json=as_json)


def _tell(found: Published, count: int, out: Path, *, as_json: bool) -> None:
    """What came of it; exit code 1 where an object was refused."""
    if not as_json:
        for sentence in found.refused:
            tell(f"vestige: {sentence}")
    if found.refused:
        sentence = f"{len(found.refused)} of {count} were not published; the others are in {out}"
        fail_in_part(sentence, found.__dict__, as_json=as_json)
    said = f"{out}: {found.written} objects written, {found.unchanged} unchanged, {found.bytes} bytes"
    say(found.__dict__, said, as_json=as_json)


def _things(archive: Archive | None, names: tuple[str, ...]) -> Iterator[Callable[[], Thing]]:
    from vestige.web.site.things import lying

    for name in names:
        yield partial(_cleared, archive, name) if archive else partial(lying, Path(name))


def _cleared(archive: Archive, name: str) -> Thing:
    """An object of which no capture lacks what its project requires."""
    from vestige.archive import refuse_unchecked
    from vestige.web.site.things import kept

    refuse_unchecked(archive, name)
    return kept(archive, name)


def _copies(archive: Archive, names: tuple[str, ...], out: Path, form: str, *, as_json: bool) -> None:
    """Bags or crates, one a capture."""
    from vestige.archive import export_bags, export_crates, refuse_unchecked
    from vestige.archive.embargo import today
    from vestige.archive.search import find
    from vestige.publish.staging import refuse_embargoed

    made: list[str] = []
    refused: list[str] = []
    for name in names:
        try:
            refuse_embargoed(find(archive.engine, name), today())
            refuse_unchecked(archive, name)
            export = export_bags if form == "bag" else export_crates
            made += [str(path) for path in export(archive, name, out)]
        except VestigeError as error:
            refused.append(str(error))
            if not as_json:
                tell(f"vestige: {error}")
    if refused:
        sentence = f"{len(refused)} of {len(names)} were not published; the others are in {out}"
        fail_in_part(sentence, {"made": made, "refused": refused}, as_json=as_json)
    say({"made": made}, "\n".join(made), as_json=as_json)
