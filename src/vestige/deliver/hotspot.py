"""The Wi-Fi of the scanner itself: raised, given a new password for each visitor, fenced in, taken down.

NetworkManager does the work. The password reaches it in a file in memory (a keyfile under ``/run``), never as
an argument of a program, where every user of the machine could read it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from vestige.deliver.wifi import WifiAccess
from vestige.errors import MissingError, OutputError, VestigeError

#: The scanner's address in its own network; NetworkManager's own choice for shared networks.
ADDRESS: Final = "10.42.0.1"
CONNECTION: Final = "vestige-handoff"
TABLE: Final = "vestige_handoff"
_RUN: Final = Path("/run/NetworkManager")
_ETC: Final = Path("/etc/NetworkManager")


@dataclass(frozen=True)
class Radio:
    """What `Hotspot.status` tells: the state in a word, the device and the network's name."""

    state: str
    device: str = ""
    name: str = ""
    fenced: bool = False


class Hotspot(Protocol):
    """What raises a Wi-Fi network."""

    def up(self, access: WifiAccess) -> None:
        """Raise the network, or give it another password: whoever had the old one is out."""

    def down(self) -> None:
        """Take the network down and forget its password."""

    def status(self) -> Radio:
        """How it stands."""


class Programs(Protocol):
    """Programs of the system, so that tests can stand in for them."""

    def __call__(self, command: Sequence[str], text: str = "") -> str:
        """Output of a program; a VestigeError where it fails, a MissingError where there is none."""


def run_program(command: Sequence[str], text: str = "") -> str:
    """Run a program of the system with `text` as its input.

    >>> run_program(["echo", "yes"]).strip()
    'yes'
    """
    if shutil.which(command[0]) is None:
        raise MissingError(f"{command[0]} is not installed: see docs/handoff.md for what a hotspot needs")
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        raise VestigeError(f"{command[0]} did not answer within a minute") from None
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[:300]
        raise VestigeError(f"{command[0]} failed ({done.returncode}): {said}")
    return done.stdout


class NetworkManager:
    """A hotspot by NetworkManager (1.28 or later), fenced by nftables.

    Parameters
    ----------
    device : Wi-Fi card; the first one that NetworkManager knows, unless given.
    run : runs programs; for tests.
    place, settings : NetworkManager's folders in memory and of settings; for tests.
    """

    def __init__(
        self, device: str = "", *, run: Programs = run_program, place: Path = _RUN, settings: Path = _ETC
    ) -> None:
        self._device, self._run = device, run
        self._file = place / "system-connections" / f"{CONNECTION}.nmconnection"
        self._names = settings / "dnsmasq-shared.d" / f"{CONNECTION}.conf"

    def up(self, access: WifiAccess) -> None:
        """Raise the network, or give it another password: whoever had the old one is out."""
        device = self.device()
        self._run(["nft", "-f", "-"], fence(device))
        try:
            _write_private(self._file, keyfile(access, device))
            self._names.parent.mkdir(parents=True, exist_ok=True)
            self._names.write_text(NAMES)
        except OSError as error:
            raise OutputError(f"{error.filename} cannot be written ({error.strerror}): run as root") from None
        self._run(["nmcli", "connection", "load", str(self._file)])
        self._run(["nmcli", "--wait", "30", "connection", "up", "id", CONNECTION])

    def down(self) -> None:
        """Take the network down and forget its password; nothing happens where there is none."""
        if (
            CONNECTION
            in self._run(["nmcli", "--terse", "--fields", "NAME", "connection", "show"]).splitlines()
        ):
            with contextlib.suppress(VestigeError):  # it may be known and down already
                self._run(["nmcli", "connection", "down", "id", CONNECTION])
            self._run(["nmcli", "connection", "delete", "id", CONNECTION])
        for path in (self._file, self._names):
            path.unlink(missing_ok=True)
        with contextlib.suppress(VestigeError):
            self._run(["nft", "delete", "table", "inet", TABLE])

    def status(self) -> Radio:
        """Whether the network is up, on which card, under which name."""
        shown = self._run(
            ["nmcli", "--terse", "--fields", "NAME,DEVICE,STATE", "connection", "show", "--active"]
        )
        active = [line.split(":") for line in shown.splitlines()]
        found = next((line for line in active if line[0] == CONNECTION), None)
        if found is None:
            return Radio("down")
        name = self._run(
            ["nmcli", "--get-values", "802-11-wireless.ssid", "connection", "show", "id", CONNECTION]
        ).strip()
        try:
            fenced = TABLE in self._run(["nft", "list", "tables"])
        except VestigeError:
            fenced = False
        return Radio("up" if found[-1] == "activated" else found[-1], found[1], name, fenced)

    def device(self) -> str:
        """The Wi-Fi card.

        Raises
        ------
        MissingError : there is none that NetworkManager may use.
        """
        if self._device:
            return self._device
        shown = self._run(["nmcli", "--terse", "--fields", "DEVICE,TYPE,STATE", "device", "status"])
        for line in shown.splitlines():
            device, kind, state = [*line.split(":"), "", ""][:3]
            if kind == "wifi" and state not in ("unmanaged", "unavailable"):
                return device
        raise MissingError("NetworkManager knows no Wi-Fi card that is free: nmcli device status lists them")


#: Every name leads to the scanner, so that the questions by which phones look for the internet come here.
NAMES: Final = f"address=/#/{ADDRESS}\n"


def keyfile(access: WifiAccess, device: str) -> str:
    """A connection as NetworkManager reads it (nm-settings-keyfile(5)): WPA2, phones cannot see one another.

    >>> "psk=abcd2345" in keyfile(WifiAccess("Scans", "abcd2345"), "wlan0")
    True
    """
    name = access.name.replace("\\", "\\\\").replace(";", "\\;").replace("\n", " ")
    identity = uuid.uuid5(uuid.NAMESPACE_DNS, f"{CONNECTION}.{device}")
    return f"""[connection]
id={CONNECTION}
uuid={identity}
type=wifi
interface-name={device}
autoconnect=false

[wifi]
mode=ap
ssid={name}
ap-isolation=1

[wifi-security]
key-mgmt=wpa-psk
proto=rsn
pairwise=ccmp
group=ccmp
psk={access.password}

[ipv4]
method=shared
address1={ADDRESS}/24

[ipv6]
method=disabled
"""


def fence(device: str) -> str:
    """Rules (nftables) by which a phone reaches the hand-off page and nothing else: no other port of this
    machine, and neither the house's network nor the internet.

    >>> 'iifname "wlan0" drop' in fence("wlan0")
    True
    """
    return f"""table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
  chain input {{
    type filter hook input priority -10; policy accept;
    iifname "{device}" udp dport {{ 53, 67 }} accept
    iifname "{device}" ip daddr {ADDRESS} tcp dport {{ 53, 80 }} accept
    iifname "{device}" icmp type echo-request accept
    iifname "{device}" drop
  }}
  chain forward {{
    type filter hook forward priority -10; policy accept;
    iifname "{device}" drop
    oifname "{device}" drop
  }}
}}
"""


def plain_files(access: WifiAccess, device: str) -> dict[str, str]:
    """The same network for a machine without NetworkManager: what hostapd, dnsmasq and nft are to read.

    >>> sorted(plain_files(WifiAccess("Scans", "abcd2345"), "wlan0"))
    ['dnsmasq.conf', 'hostapd.conf', 'nftables.conf']
    """
    hostapd = f"""interface={device}
driver=nl80211
ssid2="{access.name}"
hw_mode=g
channel=6
ieee80211n=1
wmm_enabled=1
auth_algs=1
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
wpa_passphrase={access.password}
ap_isolate=1
"""
    network = ADDRESS.rpartition(".")[0]
    dnsmasq = f"""interface={device}
bind-interfaces
except-interface=lo
dhcp-range={network}.10,{network}.250,255.255.255.0,10m
dhcp-leasefile=/run/vestige-handoff.leases
no-resolv
no-hosts
{NAMES}"""
    return {"hostapd.conf": hostapd, "dnsmasq.conf": dnsmasq, "nftables.conf": fence(device)}


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
