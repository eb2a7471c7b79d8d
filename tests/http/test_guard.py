"""Who may call. funchost's own rules; the real host has no such guard."""

import pytest
from multidict import CIMultiDict

from funchost.http.guard import Guard, is_loopback
from funchost.settings import Cors
from tests.http.conftest import Host, OpenHost

LOOPBACK = Guard("127.0.0.1", Cors())
WIDE = Guard("0.0.0.0", Cors(), ("Build-Box", "box.example"))


def refusal(guard: Guard, method: str = "GET", /, **headers: str) -> str | None:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    given = {"Host": "localhost:7071"} | names
    return guard.refusal(method, given["Host"], CIMultiDict(given))


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:7071", "127.0.0.1:1", "[::1]", "[::1]:7071"])
def test_the_names_of_this_machine_pass_at_any_port(host: str) -> None:
    assert refusal(LOOPBACK, Host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.io:7071",
        "0.0.0.0",
        "[::1",
        "x@localhost.evil",
    ],
)
def test_a_foreign_name_is_refused_on_loopback_and_told_what_is_allowed(host: str) -> None:
    text = refusal(LOOPBACK, Host=host)
    assert text is not None
    assert f"'{host}' is not a name of this host" in text
    assert "localhost, 127.0.0.1, [::1]" in text


def test_the_bound_address_is_a_name_of_the_host() -> None:
    assert refusal(Guard("127.0.0.5", Cors()), Host="127.0.0.5:7071") is None


@pytest.mark.parametrize(
    "host",
    ["localhost:7071", "build-box:7071", "BOX.example", "192.168.1.5:7071", "[fe80::1]:7071", "0.0.0.0"],
)
def test_addresses_and_the_machine_s_own_names_pass_when_the_host_listens_widely(host: str) -> None:
    assert refusal(WIDE, Host=host) is None


@pytest.mark.parametrize("host", ["evil.example", "192.168.1.5.nip.io", "box.example.evil.example", "[::1"])
def test_a_name_that_a_page_may_have_pointed_here_is_refused_there_too(host: str) -> None:
    text = refusal(WIDE, Host=host)
    assert text is not None
    assert (
        "any IP address, Build-Box, box.example. Add a name with the app setting FUNCHOST_HOST_NAMES" in text
    )


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173", "http://LOCALHOST"]
)
def test_a_page_of_this_machine_may_call_even_across_names(origin: str) -> None:
    assert refusal(LOOPBACK, "POST", Origin=origin, Sec_Fetch_Site="cross-site") is None


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "file://", "http://[", ""]
)
def test_a_page_from_elsewhere_may_not(origin: str) -> None:
    for guard in (LOOPBACK, WIDE):
        text = refusal(guard, "POST", Origin=origin)
        assert text is not None
        assert "may not call this host" in text


def test_an_allowed_origin_passes_and_others_still_do_not() -> None:
    guard = Guard("127.0.0.1", Cors(("https://app.example",)))
    assert refusal(guard, Origin="https://APP.example", Sec_Fetch_Site="cross-site") is None
    assert refusal(guard, Origin="https://app.example:8443") is not None


def test_every_origin_passes_when_all_are_allowed() -> None:
    guard = Guard("127.0.0.1", Cors(("*",)))
    assert refusal(guard, Origin="null") is None
    assert refusal(guard, Sec_Fetch_Site="cross-site") is None


def test_a_page_that_a_wide_host_served_itself_may_call_it() -> None:
    assert refusal(WIDE, Host="build-box:7071", Origin="http://build-box:7071") is None
    assert refusal(WIDE, Host="build-box:7071", Origin="http://build-box:9") is not None


def test_an_image_of_a_foreign_page_is_refused() -> None:
    text = refusal(LOOPBACK, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="image")
    assert text is not None
    assert "'cross-site' is refused" in text


def test_a_link_from_a_foreign_page_opens_but_its_form_does_not_post() -> None:
    opens = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert refusal(LOOPBACK, "GET", **opens) is None
    assert refusal(LOOPBACK, "POST", **opens) is not None
    assert refusal(LOOPBACK, "GET", **(opens | {"Sec_Fetch_Dest": "iframe"})) is not None


@pytest.mark.parametrize("site", ["same-origin", "same-site", "none"])
def test_what_the_browser_calls_not_cross_site_passes(site: str) -> None:
    assert refusal(LOOPBACK, "POST", Sec_Fetch_Site=site) is None


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_is_known_by_name_and_address(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize("name", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
def test_everything_else_is_not_loopback(name: str) -> None:
    assert not is_loopback(name)


@pytest.mark.parametrize(
    "path", ["/api/hello", "/admin/functions", "/runtime/webhooks/durabletask/instances", "/"]
)
async def test_a_refusal_is_a_403_in_json_everywhere(host: Host, path: str) -> None:
    async with host.client.get(host.app_url(path), headers={"Host": "evil.example"}) as response:
        assert response.status == 403
        assert "'evil.example'" in (await response.json())["Message"]


async def test_a_preflight_is_answered_for_allowed_origins_only(open_host: OpenHost) -> None:
    """Source: ASP.NET Core CORS middleware: a refused origin gets 204 too, without the headers."""
    host = await open_host(cors=Cors(("https://app.example",), credentials=True))
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-a"}
    url = host.app_url("/api/hello")
    async with host.client.options(url, headers={"Origin": "https://app.example"} | asked) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert response.headers["Access-Control-Allow-Methods"] == "PUT"
        assert response.headers["Access-Control-Allow-Headers"] == "x-a"
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
    async with host.client.options(url, headers={"Origin": "https://evil.example"} | asked) as response:
        assert response.status == 204
        assert not any(name.startswith("Access-Control") for name in response.headers)


async def test_an_allowed_origin_may_read_answers_and_refusals_alike(open_host: OpenHost) -> None:
    host = await open_host(cors=Cors(("*",)))
    headers = {"Origin": "https://app.example"}
    for path in ("/api/nowhere", "/admin/host/status"):
        async with host.client.get(host.app_url(path), headers=headers) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_without_allowed_origins_nothing_about_them_is_sent(host: Host) -> None:
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "PUT"}
    async with host.client.options(host.app_url("/api/nowhere"), headers=headers) as response:
        assert response.status == 404
        assert not any(name.startswith("Access-Control") for name in response.headers)
