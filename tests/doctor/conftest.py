"""Apps of a few files, written for one test each."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from funchost.doctor.syntax import App

WriteApp = Callable[..., App]


@pytest.fixture
def write_app(tmp_path: Path) -> WriteApp:
    """Write files into the app's folder, `function_app.py` among them, and read them as a doctor does."""

    def write(script: str, others: Mapping[str, str] = MappingProxyType({})) -> App:
        for name, text in {"function_app.py": script, **others}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return App(tmp_path, "function_app.py")

    return write
