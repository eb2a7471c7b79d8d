"""What a deployment lacks or takes along: requirements, files, host.json, app settings."""

import pytest

from funchost.doctor.deployment_checks import (
    check_app_settings,
    check_files,
    check_host_json,
    check_requirements,
)

APP = "import azure.functions as func\nimport azure.durable_functions as df\n"


@pytest.fixture
def told(tmp_path, write_app):
    """The findings for these requirements and this script, as (check, place, what)."""

    def check(requirements: str, script: str = APP, *others):
        (tmp_path / "requirements.txt").write_text(requirements)
        found = check_requirements(tmp_path, write_app(script, *others))
        return [(each.check, each.place, each.what) for each in found]

    return check


def test_a_missing_file_is_an_error(tmp_path, write_app):
    (finding,) = check_requirements(tmp_path, write_app(APP))

    assert (finding.severity, finding.place) == ("error", "requirements.txt")


def test_an_app_whose_imports_are_all_installed_is_well(told):
    assert told("# what is deployed\nazure-functions\nazure-functions-durable>=1.5  # jobs\n") == []


def test_an_import_that_no_line_installs_is_named_with_its_line(told):
    found = told(
        "azure-functions\nazure-functions-durable\n", APP + "import hypothesis\nimport nowhere_to_be_found\n"
    )

    assert [(check, place) for check, place, _ in found] == [
        ("requirements", "function_app.py:3"),
        ("requirements", "function_app.py:4"),
    ]


def test_the_durable_package_is_told_by_its_own_name(tmp_path, write_app):
    (tmp_path / "requirements.txt").write_text("azure-functions\n")

    (finding,) = check_requirements(tmp_path, write_app(APP))

    assert finding.mend == "Add azure-functions-durable to requirements.txt."


def test_what_another_package_brings_needs_no_line(told):
    assert told("azure-functions\nazure-functions-durable\n", APP + "import aiohttp\n") == []


@pytest.mark.parametrize(
    "script",
    [
        "try:\n    import hypothesis\nexcept ImportError:\n    hypothesis = None\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import hypothesis\n",
        "import typing\nif typing.TYPE_CHECKING:\n    import hypothesis\n",
        "import json, os.path\n",
    ],
)
def test_what_the_app_can_do_without_needs_no_line(told, script):
    assert told("azure-functions\n", script) == []


def test_files_of_the_app_and_files_that_it_does_not_import_need_no_line(told):
    assert (
        told(
            "azure-functions\n",
            "from steps import one\n",
            {"steps/__init__.py": "one = 1\n", "other.py": "import numpy\n"},
        )
        == []
    )


def test_a_version_that_is_not_the_one_here_is_a_warning(told):
    ((check, place, what),) = told("azure-functions==1.0.0\n", "import azure.functions\n")

    assert (check, place) == ("untested-version", "requirements.txt:1")
    assert "azure-functions==1.0.0" in what


def test_packages_that_do_not_belong_into_a_deployment_are_warned_of(told):
    found = told("azure-functions\nazure-functions-worker\nfunchost\n", "import azure.functions\n")

    assert [place for check, place, _ in found if check == "requirements"] == [
        "requirements.txt:2",
        "requirements.txt:3",
    ]


@pytest.mark.parametrize("line", ["azure functions", "==1.0", "a>>1", "é", "x" * 5000 + " y"])
def test_a_line_that_cannot_be_read_is_an_error(told, line):
    found = told(f"azure-functions\n{line}\n", "")

    assert [(check, place) for check, place, _ in found] == [("requirements", "requirements.txt:2")]


@pytest.mark.parametrize(
    "line",
    [
        "-r more.txt",
        "--index-url https://example.com",
        "",
        "git+https://example.com/a.git",
        "azure-functions \\",
    ],
)
def test_lines_that_are_for_pip_alone_pass(told, line):
    assert told(f"azure-functions\n{line}\n", "") == []


def test_files_that_funcignore_forgets_are_named(tmp_path):
    for name in (".venv", "tests", ".funchost", ".git"):
        (tmp_path / name).mkdir()
    (tmp_path / ".env").touch()
    (tmp_path / ".funcignore").write_text("# comment\n.venv/\n.fun*\n")

    assert [finding.place for finding in check_files(tmp_path)] == [".env", "tests"]


def test_a_durable_app_without_an_extension_bundle_does_not_start_on_azure():
    (finding,) = check_host_json({"version": "2.0"}, is_durable=True, requires_grpc=False)

    assert (finding.severity, finding.check) == ("error", "extension-bundle")


@pytest.mark.parametrize("bundle", [[], "x", {"id": 5}, {"id": "Other"}])
def test_a_bundle_of_any_form_is_read(bundle):
    findings = check_host_json({"extensionBundle": bundle}, is_durable=True, requires_grpc=True)

    assert all(finding.check == "extension-bundle" for finding in findings)


def test_the_second_generation_needs_the_preview_bundle():
    bundle = {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}
    host = {"extensionBundle": bundle}

    assert [each.severity for each in check_host_json(host, is_durable=True, requires_grpc=True)] == [
        "warning"
    ]
    assert list(check_host_json(host, is_durable=True, requires_grpc=False)) == []


def test_settings_that_only_azure_obeys_are_noted_in_any_case():
    durable = {"extendedSessionsEnabled": True, "StorageProvider": {"Type": "mssql"}}
    host = {"Extensions": {"durabletask": durable}}

    places = [each.place for each in check_host_json(host, is_durable=False, requires_grpc=False)]

    assert places == [
        "host.json: extensions.durableTask.extendedSessionsEnabled",
        "host.json: extensions.durableTask.storageProvider.type",
    ]


def test_local_values_must_be_made_app_settings(write_app):
    values = {"FUNCTIONS_WORKER_RUNTIME": "python", "INBOX": "a", "FUNCHOST_POWER_LOSS_SAFE": "true"}
    app = write_app("import os\nhere = os.environ['INBOX'], os.environ['OUTBOX'], os.environ.get('MAYBE')\n")

    found = [(each.check, each.place) for each in check_app_settings(app, values)]

    assert found == [
        ("app-settings", "local.settings.json"),
        ("here-only", "local.settings.json: FUNCHOST_POWER_LOSS_SAFE"),
        ("app-settings", "function_app.py:2"),
    ]
