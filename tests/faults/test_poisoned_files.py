"""Files that nobody writes, where a host reads settings, keys and its hub: they are read, or refused with a
text that names the file. Nothing else comes out, and nothing is written over."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funchost.http.key_file import FILE_NAME, KeyFile, KeyFileError
from funchost.settings import Flags, SettingsError, load
from funchost.taskhub import TaskHub, TaskHubError
from tests.poison_values import CONTENTS, TEXTS, VALUES
from tests.taskhub.stepping import client

MANY = settings(max_examples=100)
NAMED = ("host.json", "local.settings.json", "hubName", "FUNC")

# A document in which some of what is known has odd values.
HOST_JSON = st.fixed_dictionaries(
    {"version": st.just("2.0") | VALUES},
    optional={
        "functions": VALUES,
        "functionTimeout": VALUES,
        "logging": VALUES
        | st.fixed_dictionaries({"logLevel": VALUES | st.dictionaries(TEXTS, VALUES, max_size=2)}),
        "watchDirectories": VALUES,
        "extensions": VALUES
        | st.fixed_dictionaries({}, optional={"http": VALUES, "durableTask": VALUES})
        | st.fixed_dictionaries(
            {
                "durableTask": st.fixed_dictionaries(
                    {},
                    optional=dict.fromkeys(
                        (
                            "hubName",
                            "maxConcurrentActivityFunctions",
                            "extendedSessionsEnabled",
                            "defaultVersion",
                        ),
                        VALUES,
                    ),
                )
            }
        ),
    },
)
LOCAL_SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "IsEncrypted": st.just(False) | VALUES,
        "Values": VALUES
        | st.dictionaries(
            TEXTS | st.sampled_from(["FUNCTIONS_WORKER_PROCESS_COUNT", "FUNCHOST_MAX_ATTEMPTS"]),
            VALUES,
            max_size=3,
        ),
        "Host": VALUES | st.fixed_dictionaries({}, optional={"CORS": VALUES, "LocalHttpPort": VALUES}),
        "ConnectionStrings": VALUES,
    },
)
GROUP = VALUES | st.dictionaries(TEXTS, TEXTS, max_size=2)
KEYS = st.fixed_dictionaries(
    {},
    optional={
        "masterKey": TEXTS | VALUES,
        "functionKeys": GROUP,
        "systemKeys": GROUP,
        "functions": VALUES | st.dictionaries(TEXTS, GROUP, max_size=2),
    },
)


def written(document: Any) -> bytes:
    return json.dumps(document).encode()


@MANY
@given(host=CONTENTS | HOST_JSON.map(written), local=st.none() | CONTENTS | LOCAL_SETTINGS.map(written))
def test_any_host_json_and_local_settings_are_loaded_or_refused_by_name(
    host: bytes, local: bytes | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder)
        (app / "host.json").write_bytes(host)
        if local is not None:
            (app / "local.settings.json").write_bytes(local)
        refusal = None
        try:
            load(Flags(script_root=app), {})
        except SettingsError as error:
            # Most settings are called by their names, which say where they stand.
            refusal = str(error)
        assert refusal is None or any(name in refusal for name in NAMED)


@MANY
@given(content=CONTENTS | KEYS.map(written))
def test_any_file_of_keys_is_used_or_refused_and_kept(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        path.write_bytes(content)
        try:
            keys = KeyFile(Path(folder))
        except KeyFileError as error:
            refusal = str(error)
            assert FILE_NAME in refusal
            assert path.read_bytes() == content
        else:
            assert KeyFile(Path(folder)).current() == keys.current()


@settings(max_examples=40)
@given(content=CONTENTS)
def test_any_file_in_the_place_of_a_hub_is_refused_and_kept(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Hub.db"
        path.write_bytes(content)
        if len(content) <= 1:
            # SQLite takes it for an empty file, which is an empty hub.
            return asyncio.run(open_and_close(Path(folder)))
        with pytest.raises(TaskHubError, match=r"Hub\.db"):
            asyncio.run(open_and_close(Path(folder)))
        assert path.read_bytes() == content
    return None


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a hub that was closed."""

    async def fill() -> None:
        hub = await TaskHub.open(folder, "Hub")
        for number in range(50):
            await client(hub).start("o", f"i{number}", json.dumps("x" * 1000))
        await hub.close()

    folder = tmp_path_factory.mktemp("hub")
    asyncio.run(fill())
    return folder / "Hub.db"


@settings(max_examples=60)
@given(place=st.floats(0, 1), noise=st.binary(min_size=1, max_size=3000), cut=st.booleans())
def test_a_damaged_hub_is_opened_or_refused_by_name(hub: Path, place: float, noise: bytes, cut: bool) -> None:
    whole = hub.read_bytes()
    at = int(place * len(whole))
    with tempfile.TemporaryDirectory() as folder:
        rest = b"" if cut else whole[at + len(noise) :]
        (Path(folder) / "Hub.db").write_bytes(whole[:at] + noise + rest)
        refusal = ""
        try:
            asyncio.run(open_and_close(Path(folder)))
        except TaskHubError as error:
            refusal = str(error)
        assert "Hub.db" in refusal or not refusal


async def open_and_close(folder: Path) -> None:
    hub = await TaskHub.open(folder, "Hub")
    await hub.close()
