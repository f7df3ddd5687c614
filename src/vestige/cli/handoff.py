"""``vestige handoff``: scans onto the visitor's phone, and the Wi-Fi that they travel on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vestige.cli.console import ON_DISK, show_json, tell
from vestige.errors import MissingError, UsageError

if TYPE_CHECKING:
    from vestige.deliver import Counter, Settings, Source, WifiAccess

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Answer as JSON")
DEVICE = click.option("--device", default="", help="Wi-Fi card; the first free one, unless given")


@click.group()
def handoff() -> None:
    """Scans onto a visitor's phone: serve the pages, raise the Wi-Fi."""


@handoff.command()
@click.option("--scans", type=ON_DISK, help="Folder in memory that the scanner's software fills; emptied")
@click.option("--keep", type=ON_DISK, help="Folder whose new pictures are copied and stay (an open capture)")
@click.option("--settings", type=ON_DISK, help="TOML file: Wi-Fi, stick, mail, cloud, quotas, times")
@click.option("--memory", type=ON_DISK, help="Folder on a tmpfs for the sessions; /dev/shm, unless given")
@click.option("--swap", is_flag=True, help="Allow a machine that swaps (to an encrypted disk)")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8770, show_default=True, help="Port of the screen"
)
@click.option("--address", default="", help="Address that phones call; the hotspot's 10.42.0.1, unless given")
@click.option(
    "--phone-port",
    type=click.IntRange(1, 65535),
    default=80,
    show_default=True,
    help="Port of the phones' page",
)
@AS_JSON
def serve(
    scans: Path | None,
    keep: Path | None,
    settings: Path | None,
    memory: Path | None,
    *,
    swap: bool,
    port: int,
    address: str,
    phone_port: int,
    as_json: bool,
) -> None:
    """Show the screen on this machine and the phones' page on the hotspot, until Ctrl-C."""
    from vestige.deliver import GrowingFolder, Inbox, Settings, UdisksSticks, load_settings, memory_folder
    from vestige.deliver.hotspot import ADDRESS
    from vestige.deliver.memory import SHARED_MEMORY
    from vestige.web.handoff.kiosk import Offer, kiosk_app
    from vestige.web.handoff.phone import phone_app
    from vestige.web.handoff.serving import run

    if scans and keep:
        raise UsageError("--scans empties its folder and --keep leaves it as it is: give one of them")
    told = load_settings(settings) if settings else Settings()
    memory = memory or SHARED_MEMORY
    held = memory_folder(memory, swap=swap)
    incoming = scans or memory_folder(memory, name="vestige-scans", swap=swap)
    tempfile.tempdir = str(held)  # where decoders put pixels on their way
    counter = _counter(told, held, GrowingFolder(keep) if keep else Inbox(incoming))
    address = address or ADDRESS
    named = f"[{address}]" if ":" in address else address
    phone = f"http://{named}" + ("" if phone_port == 80 else f":{phone_port}")
    offer = Offer(
        counter,
        phone,
        told.warning,
        UdisksSticks() if told.stick else None,
        told.mail_server(),
        told.cloud.webdav,
        told.store(),
    )
    screen = f"http://127.0.0.1:{port}/"
    if as_json:
        show_json({"screen": screen, "phones": f"{phone}/", "scans": str(keep or incoming)})
    else:
        click.echo(f"screen: {screen}\nphones: {phone}/\nscans come into: {keep or incoming}\n(Ctrl-C ends)")
    run(kiosk_app(offer), ("127.0.0.1", port), phone_app(counter.vault), (address, phone_port))


def _counter(told: Settings, held: Path, source: Source) -> Counter:
    from vestige.deliver import Counter, NetworkManager, Vault, WifiAccess
    from vestige.deliver.settings import secret

    vault = Vault(held, session_bytes=told.session_bytes, total_bytes=told.total_bytes, idle=told.idle)
    hotspot, access = None, None
    if told.wifi and told.wifi.mode == "managed":
        hotspot, access = NetworkManager(told.wifi.device), WifiAccess.fresh(told.wifi.name)
    elif told.wifi:
        access = WifiAccess(told.wifi.name, secret(told.wifi.password_file))
    return Counter(vault, source, hotspot=hotspot, access=access)


@handoff.group()
def hotspot() -> None:
    """The scanner's own Wi-Fi: up, down, status."""


@hotspot.command()
@click.option("--name", default="Scans", show_default=True, help="Name of the network")
@DEVICE
@click.option(
    "--print", "only_print", is_flag=True, help="Print files for hostapd, dnsmasq and nft; change nothing"
)
@AS_JSON
def up(name: str, device: str, *, only_print: bool, as_json: bool) -> None:
    """Raise the Wi-Fi with a new password, fenced in: phones reach the hand-off page and nothing else."""
    from vestige.deliver import NetworkManager, WifiAccess

    access = WifiAccess.fresh(name)
    if only_print:
        _print_files(access, device or "wlan0", as_json=as_json)
        return
    try:
        NetworkManager(device).up(access)
    except MissingError as error:
        _print_files(access, device or "wlan0", as_json=as_json)
        raise MissingError(f"the Wi-Fi is not up: {error}; the files above do the same by hand") from None
    if as_json:
        show_json({"name": access.name, "password": access.password, "code": access.text})
    else:
        click.echo(f"network {access.name}, password {access.password}")


@hotspot.command()
@DEVICE
@AS_JSON
def down(device: str, *, as_json: bool) -> None:
    """Take the Wi-Fi down and forget its password."""
    from vestige.deliver import NetworkManager

    NetworkManager(device).down()
    if as_json:
        show_json({"state": "down"})
    else:
        tell("the Wi-Fi is down")


@hotspot.command()
@DEVICE
@AS_JSON
def status(device: str, *, as_json: bool) -> None:
    """Tell whether the Wi-Fi is up, on which card, and whether it is fenced in."""
    from vestige.deliver import NetworkManager

    radio = NetworkManager(device).status()
    if as_json:
        show_json({"state": radio.state, "device": radio.device, "name": radio.name, "fenced": radio.fenced})
    else:
        fenced = "fenced in" if radio.fenced else "NOT fenced in"
        click.echo(f"{radio.state}" + (f": {radio.name} on {radio.device}, {fenced}" if radio.device else ""))


def _print_files(access: WifiAccess, device: str, *, as_json: bool) -> None:
    from vestige.deliver.hotspot import plain_files

    files = plain_files(access, device)
    if as_json:
        show_json(files)
        return
    for file, text in files.items():
        click.echo(f"# ---- {file}\n{text}")
