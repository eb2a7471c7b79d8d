"""Scheduled tasks and history export, driven over HTTP."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func
from durabletask.extensions.history_export import (
    AsyncExportHistoryClient,
    ExportDestination,
    ExportJobCreationOptions,
    ExportMode,
)
from durabletask.scheduled import AsyncScheduledTaskClient, ScheduleCreationOptions

bp = df.Blueprint()


class FolderWriter:
    """Writes what is exported into a folder."""

    def write(
        self,
        *,
        instance_id: str,
        container: str,
        blob_name: str,
        payload: bytes,
        content_type: str,
        content_encoding: str | None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        path = Path(os.environ["TMPDIR"]) / container / instance_id
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(payload)


@bp.route(route="schedules/{id}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def schedule(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Create a schedule of the orchestration in the body, each second; or do what `do` says."""
    schedules = AsyncScheduledTaskClient(client)
    given = req.get_json()
    if "do" in given:
        await getattr(schedules.get_schedule_client(req.route_params["id"]), given["do"])()
    else:
        await schedules.create_schedule(
            ScheduleCreationOptions(
                schedule_id=req.route_params["id"],
                orchestration_name=given["name"],
                orchestration_input=given["input"],
                interval=timedelta(seconds=1),
            )
        )
    found = await schedules.get_schedule(req.route_params["id"])
    return func.HttpResponse(json.dumps(found.status.name if found else None), mimetype="application/json")


@bp.route(route="exports/{container}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def export(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Export the history of what has ended, and wait for the end of that."""
    exports = AsyncExportHistoryClient(client, FolderWriter())
    job = await exports.create_job(
        ExportJobCreationOptions(
            mode=ExportMode.BATCH,
            completed_time_from=datetime.now(UTC) - timedelta(hours=1),
            completed_time_to=datetime.now(UTC),
            destination=ExportDestination(container=req.route_params["container"]),
        )
    )
    ended = await exports.wait_for_job(job.job_id, timeout=20, poll_interval=0.1)
    return func.HttpResponse(json.dumps(ended.status.name), mimetype="application/json")


@bp.route(route="exports/{container}", methods=["GET"])
def exported(req: func.HttpRequest) -> func.HttpResponse:
    """The instances whose history was exported."""
    folder = Path(os.environ["TMPDIR"]) / req.route_params["container"]
    return func.HttpResponse(
        json.dumps([path.name for path in folder.iterdir()]), mimetype="application/json"
    )
