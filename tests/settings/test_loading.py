from __future__ import annotations

from pathlib import Path

import pytest

from funchost.settings import Flags, SettingsError, load
from tests.settings.conftest import Load


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\" doesn't exist\."):
        load(Flags(script_root=tmp_path / "missing"), {})


def test_a_file_is_no_script_root(app: Path) -> None:
    with pytest.raises(SettingsError, match=r'host.json" is not a folder.'):
        load(Flags(script_root=app / "host.json"), {})


def test_a_folder_without_either_file_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(Flags(script_root=tmp_path), {})
    assert str(caught.value).startswith(
        "Unable to find project root. Expecting to find one of host.json, local.settings.json in "
        "project root."
    )


def test_without_a_script_root_the_app_is_here(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(app)
    assert load(Flags(), {}).script_root == app.resolve()


def test_data_goes_into_a_folder_of_the_app_unless_told_otherwise(
    app: Path, tmp_path: Path, load_app: Load
) -> None:
    assert load_app().data_dir == app.resolve() / ".funchost"
    settings = load_app(data_dir=tmp_path / "elsewhere")
    assert settings.data_dir == tmp_path / "elsewhere"
    assert settings.origins["data_dir"] == "--data-dir"
    assert not settings.data_dir.exists()


def test_a_file_is_no_data_folder(app: Path, load_app: Load) -> None:
    with pytest.raises(SettingsError, match=r"^--data-dir: '.*host.json' is not a folder."):
        load_app(data_dir=app / "host.json")


def test_one_instance_and_the_least_busy_worker_are_the_defaults(load_app: Load) -> None:
    settings = load_app()
    assert (settings.instances, settings.dispatch) == (1, "least-busy")
    settings = load_app(instances=4, dispatch="round-robin")
    assert (settings.instances, settings.dispatch) == (4, "round-robin")
    assert (settings.origins["instances"], settings.origins["dispatch"]) == ("--instances", "--dispatch")


@pytest.mark.parametrize("count", [0, -1, 65])
def test_a_number_of_instances_out_of_bounds_is_refused(load_app: Load, count: int) -> None:
    with pytest.raises(
        SettingsError, match=f"--instances is {count}. It must be a whole number from 1 to 64."
    ):
        load_app(instances=count)


def test_functions_of_the_command_line_beat_those_of_the_file(load_app: Load) -> None:
    settings = load_app(host={"functions": ["a"]}, functions=("b",))
    assert settings.functions == ("b",)
    assert settings.origins["functions"] == "--functions"
    assert load_app(host="{}").function_selected("anything")


def test_the_user_log_level_comes_from_the_flag_or_the_environment(load_app: Load) -> None:
    assert load_app().user_log_level is None
    assert load_app({"FUNCTIONS_USER_LOG_LEVEL": "error"}).user_log_level == 40
    assert load_app({"FUNCTIONS_USER_LOG_LEVEL": "error"}, user_log_level="Debug").user_log_level == 10


def test_a_log_level_that_does_not_exist_is_refused(load_app: Load) -> None:
    allowed = "Give Trace, Debug, Information, Warning, Error, Critical or None."
    with pytest.raises(SettingsError) as caught:
        load_app(user_log_level="info")
    assert str(caught.value) == f"--user-log-level: 'info' is not a log level. {allowed}"
    with pytest.raises(SettingsError) as caught:
        load_app({"FUNCTIONS_USER_LOG_LEVEL": "loud"})
    assert (
        str(caught.value) == f"FUNCTIONS_USER_LOG_LEVEL (environment): 'loud' is not a log level. {allowed}"
    )
