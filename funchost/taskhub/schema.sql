-- The task hub: one file for one hub, shared by all host instances on the machine.
-- Times are microseconds since 1970-01-01T00:00:00Z. The version of this schema is SCHEMA_VERSION in migrations.py.

-- One row.
CREATE TABLE hub (
    app     TEXT,                   -- folder of the app that it belongs to, seen from the hub when inside it
    seen_at INTEGER NOT NULL        -- the latest time of the machine's clock that a host has noted
);
INSERT INTO hub VALUES (NULL, 0);

-- Host instances that work on this hub. One whose time has passed, or whose lock file is free, is dead.
CREATE TABLE hosts (
    host_id     TEXT PRIMARY KEY,
    wake_port   INTEGER NOT NULL,   -- loopback UDP port on which it hears of new work
    alive_until INTEGER NOT NULL    -- on the machine's monotonic clock
);

-- What a client can ask about. Orchestrations, and entities under '@name@key'.
CREATE TABLE instances (
    instance_id         TEXT PRIMARY KEY,
    execution_id        TEXT NOT NULL,
    name                TEXT NOT NULL,
    version             TEXT NOT NULL,
    status              TEXT NOT NULL,
    protocol            TEXT NOT NULL,      -- of the SDK generation that it began with
    input               TEXT,
    output              TEXT,
    custom_status       TEXT,
    failure             TEXT,               -- JSON of FailureDetails
    tags                TEXT,               -- JSON object of texts
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    completed_at        INTEGER,
    scheduled_at        INTEGER,            -- when a start that was put off is due
    parent_instance_id  TEXT,
    parent_execution_id TEXT,
    parent_task_id      INTEGER,
    generation          INTEGER NOT NULL,
    entity_state        TEXT,               -- of an entity that exists
    locked_by           TEXT                -- orchestration that holds an entity's lock
);
CREATE INDEX instances_of_parent ON instances (parent_instance_id) WHERE parent_instance_id IS NOT NULL;

-- One row for every instance that has not ended: who works on it, and when there is something to do.
CREATE TABLE mailboxes (
    instance_id TEXT PRIMARY KEY,
    protocol    TEXT NOT NULL,
    ready_at    INTEGER,                    -- when an episode can start; null while it waits for messages
    leased_by   TEXT,                       -- host that runs an episode of it; it is among the hosts
    lease       INTEGER NOT NULL DEFAULT 0, -- grows by every lease; tells those of the same host apart
    episode     INTEGER NOT NULL DEFAULT 0, -- grows by every commit; tells whether a cached history is current
    attempts    INTEGER NOT NULL DEFAULT 0, -- how often the next episode has been tried in vain
    rest_until  INTEGER NOT NULL DEFAULT 0, -- after a long replay the next one waits for more messages...
    awaited     INTEGER NOT NULL DEFAULT 0, -- ...unless all open tasks have answered:
    arrived     INTEGER NOT NULL DEFAULT 0  -- completions that wait, out of those awaited
) WITHOUT ROWID;
CREATE INDEX mailboxes_ready ON mailboxes (protocol, (episode > 0), ready_at)
    WHERE leased_by IS NULL AND ready_at IS NOT NULL;

-- Events on their way into a history. The columns from `type` on are those of an event, as in `history`.
CREATE TABLE messages (
    message_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id    TEXT NOT NULL,
    execution_id   TEXT,            -- null: whichever execution is current
    visible_at     INTEGER NOT NULL, -- later than `at` when it is put off; a timer's is its time
    is_answer      INTEGER NOT NULL, -- whether it ends a task other than a timer
    type           INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    task_id        INTEGER,
    name           TEXT,
    version        TEXT,
    input          TEXT,
    result         TEXT,
    reason         TEXT,
    details        TEXT,
    failure        TEXT,
    target_id      TEXT,
    request_id     TEXT,
    fire_at        INTEGER,
    status         TEXT,
    tags           TEXT,
    parent_name    TEXT,
    parent_version TEXT,
    retry_of       INTEGER,
    attempt        INTEGER
);
CREATE INDEX messages_of_instance ON messages (instance_id, visible_at);

-- The history of the current execution of each instance: one event in a row.
CREATE TABLE history (
    instance_id    TEXT NOT NULL,
    position       INTEGER NOT NULL,
    type           INTEGER NOT NULL,    -- EventType; the classes in durable/events.py tell which columns it uses
    at             INTEGER NOT NULL,
    task_id        INTEGER,
    name           TEXT,
    version        TEXT,
    input          TEXT,
    result         TEXT,
    reason         TEXT,
    details        TEXT,
    failure        TEXT,                -- JSON of FailureDetails
    target_id      TEXT,                -- the instance that is started or sent something
    request_id     TEXT,                -- of an entity call: names the answer
    fire_at        INTEGER,
    status         TEXT,
    tags           TEXT,
    parent_name    TEXT,
    parent_version TEXT,
    retry_of       INTEGER,             -- first attempt's task, of calls that the host retries
    attempt        INTEGER,
    PRIMARY KEY (instance_id, position)
) WITHOUT ROWID;

-- Activities that have not answered, in the order in which they were scheduled. A number is never used again.
CREATE TABLE activities (
    activity_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id  TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    task_id      INTEGER NOT NULL,
    protocol     TEXT NOT NULL,
    name         TEXT NOT NULL,
    version      TEXT NOT NULL,
    input        TEXT,
    tags         TEXT,
    not_before   INTEGER NOT NULL DEFAULT 0,    -- when it is to be run again; 0 unless it was begun before
    attempts     INTEGER NOT NULL DEFAULT 0,    -- how often it has been tried in vain
    leased_by    TEXT,                          -- host that runs it; it is among the hosts
    lease        INTEGER NOT NULL DEFAULT 0     -- grows by every lease; tells those of the same host apart
);
CREATE INDEX activities_waiting ON activities (protocol, not_before, activity_id) WHERE leased_by IS NULL;
CREATE INDEX activities_leased ON activities (leased_by) WHERE leased_by IS NOT NULL;
CREATE INDEX activities_of_instance ON activities (instance_id);

-- Executions that have not ended. What an activity of any other execution returns is not heard.
CREATE VIEW living AS
SELECT instance_id, execution_id FROM mailboxes JOIN instances USING (instance_id);

-- The function behind each mailbox, in lower case: the orchestrator's name, or an entity's with @ before it.
CREATE VIEW functions_behind AS
SELECT instance_id, lower(CASE
    WHEN instance_id LIKE '@%' THEN substr(instance_id, 1, instr(substr(instance_id, 2), '@'))
    ELSE name END) AS function
FROM instances;

-- Timer functions: which host fires each, and, where that is monitored, when it did last and is due next.
CREATE TABLE timers (
    function   TEXT PRIMARY KEY,
    leased_by  TEXT,
    last_at    INTEGER,             -- null: it has never fired
    next_at    INTEGER,             -- null: it will never be due
    updated_at INTEGER              -- null: nothing is recorded
) WITHOUT ROWID;

-- The versions that this file has had. Each is reached in the transaction that adds its row.
CREATE TABLE migrations (
    version    INTEGER PRIMARY KEY,
    applied_at INTEGER NOT NULL
);
