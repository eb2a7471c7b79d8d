"""What a durable client is given. Source: durable extension, BindingHelper."""

import json

from funchost.worker.child.host_rules import client_text

BINDING = {
    "taskHubName": "Hub",
    "connectionName": None,
    "managementUrls": {
        "id": "INSTANCEID",
        "statusQueryGetUri": "http://x/INSTANCEID?taskHub=Hub&connection=Storage&code=k",
        "terminatePostUri": "http://x/INSTANCEID/terminate?reason={text}&taskHub=Hub&connection=Storage&code=k",
    },
    "rpcBaseUrl": "http://x/",
}


def test_a_plain_binding_receives_the_host_s_object_unchanged():
    assert json.loads(client_text({"json1": BINDING, "grpc2": {}}, {"type": "durableClient"})) == BINDING


def test_a_binding_with_a_task_hub_and_a_connection_names_them_everywhere():
    value = json.loads(
        client_text({"json1": BINDING, "grpc2": {}}, {"taskHub": "My Hub&", "connectionName": "Other"})
    )

    assert value == {
        "taskHubName": "My Hub&",
        "connectionName": "Other",
        "managementUrls": {
            "id": "INSTANCEID",
            "statusQueryGetUri": "http://x/INSTANCEID?taskHub=My%20Hub%26&connection=Other&code=k",
            "terminatePostUri": (
                "http://x/INSTANCEID/terminate?reason={text}&taskHub=My%20Hub%26&connection=Other&code=k"
            ),
        },
        "rpcBaseUrl": "http://x/",
    }
