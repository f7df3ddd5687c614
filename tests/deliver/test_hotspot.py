"""The hotspot by a NetworkManager that is played: what it is told, and what no program's arguments hold."""

import json
import stat

import pytest

from vestige.cli import main
from vestige.deliver import NetworkManager, UdisksSticks, WifiAccess
from vestige.deliver.hotspot import CONNECTION, fence, keyfile, plain_files
from vestige.errors import MissingError, VestigeError

ACCESS = WifiAccess("Scans; room", "abcd2345efgh")


class Played:
    """nmcli, nft, lsblk and udisksctl as they answer, and what they were told."""

    def __init__(self, answers=()):
        self.told, self.answers = [], dict(answers)

    def __call__(self, command, text=""):
        self.told.append((list(command), text))
        line = " ".join(command)
        for part, answer in self.answers.items():
            if part in line:
                if isinstance(answer, Exception):
                    raise answer
                return answer
        return ""


CARDS = {
    "DEVICE,TYPE,STATE device": "eth0:ethernet:connected\nwlan1:wifi:unavailable\nwlan0:wifi:disconnected\n"
}


def test_up_fences_before_it_raises_and_hides_the_password(tmp_path):
    played = Played(CARDS)
    NetworkManager(run=played, place=tmp_path / "NetworkManager", settings=tmp_path).up(ACCESS)
    words = [command for command, _ in played.told]
    programs = [command[0] for command in words]
    assert programs.index("nft") < programs.index("nmcli", 1)
    assert not [command for command in words if any(ACCESS.password in word for word in command)]
    file = tmp_path / f"NetworkManager/system-connections/{CONNECTION}.nmconnection"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert "psk=abcd2345efgh" in text
    assert "interface-name=wlan0" in text
    assert "ssid=Scans\\; room" in text
    assert "ap-isolation=1" in text
    assert (tmp_path / f"dnsmasq-shared.d/{CONNECTION}.conf").read_text() == "address=/#/10.42.0.1\n"
    assert words[-1][-2:] == ["id", CONNECTION]


def test_another_password_is_another_file(tmp_path):
    manager = NetworkManager("wlan0", run=Played(), place=tmp_path, settings=tmp_path)
    manager.up(ACCESS)
    manager.up(WifiAccess("Scans", "zzzz9999zzzz"))
    text = (tmp_path / f"system-connections/{CONNECTION}.nmconnection").read_text()
    assert "zzzz9999zzzz" in text
    assert "abcd2345efgh" not in text


def test_down_forgets(tmp_path):
    played = Played({"NAME connection show": f"{CONNECTION}\nhome\n"})
    manager = NetworkManager("wlan0", run=played, place=tmp_path, settings=tmp_path)
    manager.up(ACCESS)
    manager.down()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert ["nmcli", "connection", "delete", "id", CONNECTION] in [command for command, _ in played.told]


def test_status(tmp_path):
    shown = {
        "show --active": f"{CONNECTION}:wlan0:activated\n",
        "802-11": "Scans\n",
        "list tables": "table inet vestige_handoff\n",
    }
    radio = NetworkManager(run=Played(shown), place=tmp_path, settings=tmp_path).status()
    assert (radio.state, radio.device, radio.name, radio.fenced) == ("up", "wlan0", "Scans", True)
    assert NetworkManager(run=Played(), place=tmp_path, settings=tmp_path).status().state == "down"
    shown["list tables"] = VestigeError("no")
    assert not NetworkManager(run=Played(shown), place=tmp_path, settings=tmp_path).status().fenced


def test_no_card_is_told(tmp_path):
    with pytest.raises(MissingError, match="no Wi-Fi card"):
        NetworkManager(
            run=Played({"device status": "eth0:ethernet:connected\n"}), place=tmp_path, settings=tmp_path
        ).up(ACCESS)


def test_files_for_a_machine_without_networkmanager():
    files = plain_files(ACCESS, "wlan0")
    assert 'ssid2="Scans; room"' in files["hostapd.conf"]
    assert "wpa_passphrase=abcd2345efgh" in files["hostapd.conf"]
    assert "address=/#/10.42.0.1" in files["dnsmasq.conf"]
    assert files["nftables.conf"] == fence("wlan0")
    assert "method=shared" in keyfile(ACCESS, "wlan0")


def test_the_command_prints_files_where_there_is_no_networkmanager(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["handoff", "hotspot", "up"])
    shown = capsys.readouterr()
    assert ended.value.code == 1
    assert "# ---- hostapd.conf" in shown.out
    assert "nmcli is not installed" in shown.err


BLOCKS = {
    "blockdevices": [
        {"path": "/dev/sda", "tran": "sata", "hotplug": False, "children": [{"path": "/dev/sda1", "fstype": "ext4"}]},
        {"path": "/dev/sdb", "tran": "usb", "hotplug": True, "size": 9, "fstype": None, "children": [
            {"path": "/dev/sdb1", "fstype": "vfat", "size": 8, "mountpoint": None}]},
    ]
}  # fmt: skip


def test_only_usb_is_a_stick_and_nothing_on_it_may_run(tmp_path):
    played = Played({"lsblk": json.dumps(BLOCKS)})
    sticks = UdisksSticks(played)
    (stick,) = sticks.found()
    assert (stick.device, stick.folder) == ("/dev/sdb1", "")
    BLOCKS["blockdevices"][1]["children"][0]["mountpoint"] = str(tmp_path)
    played.answers["lsblk"] = json.dumps(BLOCKS)
    assert sticks.mount(stick) == tmp_path
    sticks.eject(stick)
    words = [" ".join(command) for command, _ in played.told if command[0] == "udisksctl"]
    assert "nosuid,nodev,noexec" in words[0]
    assert [word.split()[1] for word in words] == ["mount", "unmount", "power-off"]
    assert list(tmp_path.iterdir()) == []
