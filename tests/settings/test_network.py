from __future__ import annotations

import pytest

from funchost.settings import Cors, SettingsError
from tests.settings.conftest import Load


def test_the_host_listens_on_loopback_and_7071_by_default(load_app: Load) -> None:
    settings = load_app()
    assert (settings.address, settings.port) == ("127.0.0.1", 7071)


def test_flags_beat_local_settings(load_app: Load) -> None:
    local = {"Host": {"LocalHttpPort": 8080, "LocalHttpAddress": "0.0.0.0"}}
    settings = load_app(local=local, enable_auth=True)
    assert (settings.address, settings.port) == ("0.0.0.0", 8080)
    assert settings.origins["port"] == settings.origins["address"] == "local.settings.json"

    settings = load_app(local=local, port=9090, address="::1")
    assert (settings.address, settings.port) == ("::1", 9090)
    assert (settings.origins["port"], settings.origins["address"]) == ("--port", "--address")


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5"])
def test_an_address_that_others_reach_needs_keys_or_a_word(load_app: Load, address: str) -> None:
    with pytest.raises(SettingsError, match=r"^--address: other machines reach .* with --anyone-may-call"):
        load_app(address=address)

    assert load_app(address=address, enable_auth=True).address == address
    assert load_app(address=address, anyone_may_call=True).address == address


def test_names_of_the_machine_are_split_at_commas(load_app: Load) -> None:
    assert load_app().host_names == ()
    assert load_app(values={"FUNCHOST_HOST_NAMES": "box, box.example,"}).host_names == ("box", "box.example")


@pytest.mark.parametrize("text", ["http://box", "box:7071", "a b", "-", "*"])
def test_a_text_that_is_no_name_of_a_machine_is_refused(load_app: Load, text: str) -> None:
    with pytest.raises(SettingsError, match="is not the name of a machine"):
        load_app(values={"FUNCHOST_HOST_NAMES": text})


@pytest.mark.parametrize("text", ["localhost", "127.0.0", "", "127.0.0.1:80"])
def test_an_address_that_is_no_ip_address_is_refused(load_app: Load, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_app(address=text)
    assert str(caught.value) == (
        f"Invalid --address value '{text}'. Expected an IP address, for example 127.0.0.1 or 0.0.0.0."
    )


def test_a_wrong_address_of_the_file_is_named_as_such(load_app: Load) -> None:
    with pytest.raises(SettingsError, match=r"local.settings.json: Host.LocalHttpAddress value 'here'"):
        load_app(local={"Host": {"LocalHttpAddress": "here"}})


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none_is_refused(load_app: Load, port: int) -> None:
    with pytest.raises(SettingsError, match=f"--port: {port} is not a port. Give 1 to 65535"):
        load_app(port=port)


def test_without_cors_no_origin_is_allowed(load_app: Load) -> None:
    assert load_app().cors == Cors((), False)


def test_origins_are_split_at_commas(load_app: Load) -> None:
    text = "http://localhost:3000, https://example.com/"
    settings = load_app(cors=text, cors_credentials=True)
    assert settings.cors == Cors(("http://localhost:3000", "https://example.com"), True)
    assert settings.origins["cors.origins"] == "--cors"


def test_origins_of_the_file_hold_without_the_flag(load_app: Load) -> None:
    local = {"Host": {"CORS": "http://localhost:3000", "CORSCredentials": True}}
    assert load_app(local=local).cors == Cors(("http://localhost:3000",), True)
    assert load_app(local=local, cors="http://other").cors == Cors(("http://other",), True)
    assert load_app(local={"Host": {"CORS": "*"}}).origins["cors.origins"] == "local.settings.json"


@pytest.mark.parametrize("text", ["localhost:3000", "http://a/path", "http://a http://b", "example.com"])
def test_a_text_that_is_no_origin_is_refused(load_app: Load, text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--cors: '.*' is not an origin. Give \* or origins"):
        load_app(cors=text)


def test_any_origin_with_credentials_is_refused(load_app: Load) -> None:
    with pytest.raises(SettingsError, match=r"^local.settings.json: Host.CORS: '\*' cannot be combined"):
        load_app(local={"Host": {"CORS": "*", "CORSCredentials": True}})
