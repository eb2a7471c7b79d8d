"""Requests that a web page could make are refused. Source: funchost: Host and Origin checks on loopback."""

import pytest

PATHS = ["/api/about", "/runtime/webhooks/durabletask/instances", "/admin/host/status"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["evil.example", "evil.example:7071", "127.0.0.1.evil.example"])
async def test_a_foreign_host_header_is_refused(host, path, name):
    reply = await host.get(path, headers={"Host": name})

    assert reply.status == 403
    assert "localhost" in reply.text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
async def test_a_foreign_origin_is_refused(host, path, origin):
    reply = await host.post(path, headers={"Origin": origin})

    assert reply.status == 403


@pytest.mark.parametrize("name", ["localhost", "localhost:1", "127.0.0.1", "[::1]:7071"])
async def test_a_loopback_host_header_is_served(host, name):
    assert (await host.get("/api/about", headers={"Host": name})).status == 200


async def test_a_page_on_loopback_is_served(host):
    reply = await host.get("/api/about", headers={"Origin": "http://localhost:3000"})

    assert reply.status == 200
