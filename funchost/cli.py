"""The `funchost` command: reads the command line, and nothing else.

Options that Core Tools has too are spelled as it spells them. What a value means, and whether it is
allowed together with the app's files, is decided in settings; the work is done by the host. Both are
imported only when a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

import funchost


class WrongSetting(click.ClickException):
    """A flag, an app setting or a file is wrong, and nothing was started."""

    exit_code = 2


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """An option's value: a whole number within bounds, with a message that says which in words."""

    def convert(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else -1
        if not lowest <= number <= highest:
            raise click.BadParameter(f"'{text}' is not a whole number from {lowest} to {highest}.")
        return number

    return convert


class StartCommand(click.Command):
    """`--functions a b c` takes every word up to the next option, as Core Tools does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        expanded: list[str] = []
        listing = False
        for word in args:
            if word.startswith("-"):
                listing = word.partition("=")[0] == "--functions"
            elif listing and expanded[-1] != "--functions":
                expanded.append("--functions")
            expanded.append(word)
        return super().parse_args(ctx, expanded)


def in_a_terminal() -> bool:
    """Whether a person looks at the output directly."""
    return sys.stdout.isatty()


@click.group(context_settings={"max_content_width": 100})
@click.version_option(funchost.__version__, prog_name="funchost", message="%(prog)s %(version)s")
def main() -> None:
    """Run a Python v2 Azure Durable Functions app locally with nothing but Python."""


@main.command(cls=StartCommand)
@click.option(
    "--script-root", type=click.Path(path_type=Path), metavar="DIR", help="The app's folder (default: here)."
)
@click.option("--address", metavar="IP", help="IP address to listen on (default: 127.0.0.1).")
@click.option(
    "-p", "--port", type=whole_number(1, 65535), metavar="PORT", help="Port to listen on (default: 7071)."
)
@click.option(
    "--functions", multiple=True, metavar="NAME...", help="Load only these functions (default: all)."
)
@click.option("--cors", metavar="ORIGIN,...", help="Origins that browsers may call from, or *.")
@click.option("--cors-credentials", is_flag=True, help="Let those origins send credentials.")
@click.option(
    "--enable-auth", "--enableAuth", is_flag=True, help="Ask for keys as Azure does (default: all is open)."
)
@click.option(
    "--anyone-may-call",
    is_flag=True,
    help="Serve an address that other machines reach without asking for keys: whoever reaches it can run "
    "the app and read its data.",
)
@click.option("--verbose", is_flag=True, help="Show the host's own lines from level Information.")
@click.option(
    "--user-log-level",
    metavar="LEVEL",
    help="Lowest level shown of the app's lines: Trace, Debug, Information (default), Warning, Error, "
    "Critical or None.",
)
@click.option(
    "--json-output",
    "--enable-json-output",
    is_flag=True,
    help="Write every line as a JSON object, for programs.",
)
@click.option(
    "--json-output-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Append the JSON objects to this file; what is shown stays text.",
)
@click.option(
    "--instances",
    type=whole_number(1, 64),
    metavar="N",
    help="Host instances that share the port and the task hub (default: 1).",
)
@click.option(
    "--dispatch",
    type=click.Choice(["least-busy", "round-robin"]),
    help="Which worker process gets the next invocation (default: least-busy; Azure: round-robin).",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the task hub (default: .funchost in the app's folder).",
)
@click.option(
    "--adopt-hub",
    is_flag=True,
    help="Take over the task hub of an app in another folder, with its unfinished instances.",
)
@click.option(
    "--watch/--no-watch",
    default=lambda: in_a_terminal(),
    help="Restart the app when its sources change (default: in a terminal).",
)
def start(functions: tuple[str, ...], **options: Any) -> None:
    """Start the host and serve the app until Ctrl+C."""
    from funchost import settings

    names = tuple(name for given in functions for name in given.replace(",", " ").split())
    try:
        loaded = settings.load(settings.Flags(functions=names, **options), os.environ)
    except settings.SettingsError as error:
        raise WrongSetting(str(error)) from error

    from funchost import console, supervisor

    try:
        console.setup_logging(loaded, "i1" if loaded.instances == 1 else "main")
    except OSError as error:
        raise WrongSetting(
            f"--json-output-file: '{error.filename}' cannot be written: {error.strerror}. Give a file in a "
            "folder that exists."
        ) from error
    for warning in loaded.warnings:
        logging.getLogger("Host.General").warning(warning)
    sys.exit(supervisor.run(loaded))


@main.command()
@click.option(
    "--script-root", type=click.Path(path_type=Path), metavar="DIR", help="The app's folder (default: here)."
)
@click.option("--json", "as_json", is_flag=True, help="Give the findings as JSON.")
def doctor(script_root: Path | None, as_json: bool) -> None:
    """Say what would differ on Azure, before you deploy.

    Finds what works here and will not there, and the other way round. Loads the app once and calls no
    function. The exit code is 0 without errors, 1 with errors, and 2 when the app's settings cannot be read.
    """
    import asyncio

    from funchost import doctor, settings

    try:
        loaded = settings.load(settings.Flags(script_root=script_root), os.environ)
        findings = asyncio.run(doctor.examine(loaded))
    except settings.SettingsError as error:
        raise WrongSetting(str(error)) from error
    click.echo(doctor.as_json(findings) if as_json else doctor.as_text(findings), nl=as_json)
    sys.exit(any(finding.severity is doctor.Severity.ERROR for finding in findings))
