"""Keys. Source: Azure Functions: authorization scopes (function-specific), system key, master key."""

import json

import pytest

from tests.e2e import hosting
from tests.e2e.durable_host import WEBHOOKS, connect
from tests.e2e.hosting import HostProcess

PATHS = ["/api/closed", "/api/master", "/admin/host/status", f"{WEBHOOKS}/instances"]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A host that asks for keys, and its file of keys."""
    folder = tmp_path_factory.mktemp("keys")
    host = HostProcess(hosting.APPS / "features", folder, "--enable-auth", RUNS_FOLDER=str(folder))
    try:
        host.launch()
        # Whether it runs cannot be asked without a key.
        hosting.until(lambda: hosting.get(host.base_url, "/api/open")[0] == 200, 20, lambda: host.log)
        yield host, folder / "data" / "keys.json"
    finally:
        host.stop()


@pytest.fixture
async def client(guarded):
    async with connect(guarded[0].base_url) as client:
        yield client


@pytest.fixture
def keys(guarded):
    document = json.loads(guarded[1].read_text())
    return {
        "master": document["masterKey"],
        "function": document["functionKeys"]["default"],
        "system": document["systemKeys"]["durabletask_extension"],
    }


async def test_an_anonymous_function_needs_no_key(client):
    assert (await client.get("/api/open")).text == "open to all"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", ["", "?code=wrong"])
async def test_without_the_right_key_there_is_401_without_a_body(client, path, query):
    reply = await client.get(path + query)

    assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize("path", PATHS)
async def test_the_master_key_opens_everything(client, keys, path):
    assert (await client.get(f"{path}?code={keys['master']}")).status == 200


@pytest.mark.parametrize(
    ("kind", "statuses"), [("function", [200, 401, 401, 401]), ("system", [401, 401, 401, 200])]
)
async def test_a_key_opens_what_it_is_for_and_no_more(client, keys, kind, statuses):
    replies = [await client.get(path, headers={"x-functions-key": keys[kind]}) for path in PATHS]

    assert [reply.status for reply in replies] == statuses


async def test_an_unknown_route_is_404_before_any_key(client):
    assert (await client.get("/api/nobody")).status == 404


def test_the_file_of_keys_is_readable_by_its_owner_only(guarded):
    assert guarded[1].stat().st_mode & 0o777 == 0o600


def test_without_the_option_everything_is_open(start_host):
    host = start_host(app=hosting.APPS / "features")

    assert [hosting.get(host.base_url, path)[0] for path in PATHS] == [200] * 4
