"""What can be known of the containers without a Docker engine: images, compose file, who reads and writes what."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.need import ROOT, need

DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
IMAGES = ("Dockerfile", "Dockerfile.asterisk")
UID = "10001"


def instructions(name: str) -> list[tuple[str, str]]:
    """``[("FROM", "debian:forky-slim"), …]``: continued lines joined, comments left out."""
    text = (DOCKER / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]  # type: ignore[misc]


@pytest.mark.parametrize("name", IMAGES)
def test_hadolint_finds_nothing(name: str) -> None:
    told = subprocess.run(
        [need("hadolint"), "--config", str(ROOT / ".hadolint.yaml"), str(DOCKER / name)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_has_a_pinned_base_a_user_of_its_own_and_a_health_check(name: str) -> None:
    found = instructions(name)
    bases = [value.split()[0] for key, value in found if key == "FROM"]
    assert all(re.fullmatch(r"[a-z]+:[a-z0-9.]+-[a-z-]+", base) and not base.endswith("latest") for base in bases)
    assert [value for key, value in found if key == "USER"] == [f"{UID}:{UID}"]
    assert any(f"useradd --uid {UID}" in value for key, value in found if key == "RUN")
    assert [key for key, _ in found if key == "HEALTHCHECK"] == ["HEALTHCHECK"]
    # Nothing is copied after the last word about who runs it.
    keys = [key for key, _ in found]
    assert "RUN" not in keys[keys.index("USER") :] and "COPY" not in keys[keys.index("USER") :]


@pytest.mark.parametrize("name", IMAGES)
def test_what_an_image_copies_exists_and_is_let_through_and_nothing_secret_is(name: str) -> None:
    let = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [shlex.split(value) for key, value in instructions(name) if key == "COPY" and "--from=" not in value]
    assert copied
    for *sources, _ in copied:
        for source in sources:
            assert (ROOT / source).exists(), source
            assert any(Path(source).match(pattern) for pattern in let), source
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    assert not {"data", ".git", ".venv", "hotline.toml", "build", "docker"} & set(let)


def test_the_hotline_s_image_holds_every_package_of_the_project() -> None:
    copied = " ".join(value for key, value in instructions("Dockerfile") if key == "COPY")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = re.search(r"include = \[(.*?)\]", project)
    assert packages is not None
    for package in re.findall(r'"(\w+)\*"', packages[1]):
        assert f"{package} {package}" in copied


def test_asterisk_s_image_and_the_root_folder_have_one_list_of_packages_and_one_suite() -> None:
    script = (DOCKER / "asterisk-root.sh").read_text(encoding="utf-8")
    image = dict(instructions("Dockerfile.asterisk"))
    text = " ".join(value for _, value in instructions("Dockerfile.asterisk"))
    assert "$here/asterisk-packages" in script and "suite=forky" in script
    assert image["FROM"] == "debian:forky-slim"
    assert "COPY docker/asterisk-packages /tmp/asterisk-packages" in (DOCKER / "Dockerfile.asterisk").read_text()
    assert "xargs -a /tmp/asterisk-packages apt-get install" in text
    # Nothing is installed besides the list.
    assert not re.search(r"apt-get install -y --no-install-recommends +[a-z]", text)
    assert "asterisk" in (DOCKER / "asterisk-packages").read_text().split()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_pinned_supervised_unprivileged_and_looked_after(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[a-z-]+:[0-9][\w.-]*", service["image"])
    assert service["restart"] == "unless-stopped" and service["healthcheck"]["test"]
    user, _, group = str(service["user"]).partition(":")
    assert int(user) > 0 and int(group) > 0
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"] and "privileged" not in service
    for volume in service.get("volumes", ()):
        assert volume.split(":")[0] in COMPOSE["volumes"], volume
    if "build" in service:
        assert (DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        assert user == UID


def test_every_volume_is_used_and_recordings_in_the_clear_are_in_memory_only() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert used == set(COMPOSE["volumes"])
    options = COMPOSE["volumes"]["recording"]["driver_opts"]
    assert options["type"] == "tmpfs" and f"uid={UID}" in options["o"]


def test_hotline_and_asterisk_share_their_folders_at_the_same_paths() -> None:
    def places(name: str) -> dict[str, str]:
        return {v.split(":")[0]: v.split(":")[1] for v in SERVICES[name]["volumes"]}

    ours, theirs = places("hotline"), places("asterisk")
    shared = {"asterisk", "voices", "media", "recording", "left"}
    assert shared <= set(ours) and set(theirs) == shared
    assert all(ours[name] == theirs[name] for name in shared)
    assert ours["recording"] == SERVICES["hotline"]["environment"]["HOTLINE_ASTERISK_SPOOL"]
    assert ours["left"] == str(Path(ours["recording"]).parent / "left")
    # Keys, data and settings are not Asterisk's business, and sounds it only reads.
    assert all(v.endswith(":ro") for v in SERVICES["asterisk"]["volumes"] if v.split(":")[0] in ("voices", "media"))


def test_only_sip_sound_and_panel_are_published_and_by_default_to_this_machine_alone() -> None:
    published = {name: service.get("ports", []) for name, service in SERVICES.items() if service.get("ports")}
    assert set(published) == {"net"}
    ports = [re.sub(r"^\$\{\w+:-127\.0\.0\.1\}:", "", port) for port in published["net"]]
    assert ports == ["5060:5060/udp", "16384-16783:16384-16783/udp", "8080:8080/tcp"]
    # ARI and AMI are on a loopback that belongs to the two alone.
    assert SERVICES["hotline"]["network_mode"] == SERVICES["asterisk"]["network_mode"] == "service:net"
    assert SERVICES["hotline"]["environment"]["HOTLINE_RTP"] == "16384-16783"


def test_postgresql_is_a_profile_and_no_secret_stands_in_the_repository() -> None:
    assert [name for name, service in SERVICES.items() if service.get("profiles")] == ["postgres"]
    for service in SERVICES.values():
        for name, value in (service.get("environment") or {}).items():
            if re.search(r"PASSWORD|SECRET|KEY|URL", name):
                assert re.fullmatch(r"\$\{\w+:-\}", value), f"{name} must come from the environment"
