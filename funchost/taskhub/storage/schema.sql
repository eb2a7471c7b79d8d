-- The task hub: one file for one hub, shared by all host instances on the machine.
-- Times are microseconds since 1970-01-01T00:00:00Z.

-- Host instances that work on this hub. One whose time has passed, or whose lock file is free, is dead.
CREATE TABLE hosts (
    host_id     TEXT PRIMARY KEY,
    wake_port   INTEGER NOT NULL,   -- loopback UDP port on which it hears of new work
    alive_until INTEGER NOT NULL
);

-- What a client can ask about. Orchestrations, and entities under '@name@key'.
CREATE TABLE instances (
    instance_id         TEXT PRIMARY KEY,
    execution_id        TEXT NOT NULL,
    name                TEXT NOT NULL,
    version             TEXT NOT NULL,
    status              TEXT NOT NULL,
    input               TEXT,
    output              TEXT,
    custom_status       TEXT,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    completed_at        INTEGER,
    parent_instance_id  TEXT,
    parent_execution_id TEXT,
    parent_task_id      INTEGER,
    generation          INTEGER NOT NULL
);

-- One row for every instance that has not ended: who works on it, and when there is something to do.
CREATE TABLE mailboxes (
    instance_id TEXT PRIMARY KEY,
    ready_at    INTEGER,                    -- when an episode can start; null while it waits for messages
    leased_by   TEXT,                       -- host that runs an episode of it
    episode     INTEGER NOT NULL DEFAULT 0, -- grows by every commit; tells whether a cached history is current
    rest_until  INTEGER NOT NULL DEFAULT 0, -- after a long replay the next one waits for more messages...
    awaited     INTEGER NOT NULL DEFAULT 0, -- ...unless all open tasks have answered:
    arrived     INTEGER NOT NULL DEFAULT 0  -- completions that wait, out of those awaited
) WITHOUT ROWID;
CREATE INDEX mailboxes_ready ON mailboxes (ready_at) WHERE leased_by IS NULL AND ready_at IS NOT NULL;

-- Events on their way into a history.
CREATE TABLE messages (
    message_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id  TEXT NOT NULL,
    execution_id TEXT,              -- null: whichever execution is current
    type         INTEGER NOT NULL,
    task_id      INTEGER NOT NULL,
    name         TEXT,
    text         TEXT NOT NULL,
    visible_at   INTEGER NOT NULL
);
CREATE INDEX messages_of_instance ON messages (instance_id, visible_at);

-- The history of the current execution of each instance.
CREATE TABLE history (
    instance_id TEXT NOT NULL,
    position    INTEGER NOT NULL,
    type        INTEGER NOT NULL,
    task_id     INTEGER NOT NULL,
    name        TEXT,
    retry_of    INTEGER,            -- first attempt's task, of calls with retry options
    attempt     INTEGER,
    text        TEXT NOT NULL,
    PRIMARY KEY (instance_id, position)
) WITHOUT ROWID;

-- Activities that have not answered, in the order in which they were scheduled.
CREATE TABLE activities (
    activity_id  INTEGER PRIMARY KEY,
    instance_id  TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    task_id      INTEGER NOT NULL,
    name         TEXT NOT NULL,
    input        TEXT NOT NULL,
    not_before   INTEGER NOT NULL DEFAULT 0,    -- later than now while an HTTP call waits to ask again
    leased_by    TEXT
);
CREATE INDEX activities_waiting ON activities (not_before, activity_id) WHERE leased_by IS NULL;
CREATE INDEX activities_leased ON activities (leased_by) WHERE leased_by IS NOT NULL;

-- Timer functions: which host fires each, and, where that is monitored, when it did last and is due next.
CREATE TABLE timers (
    function   TEXT PRIMARY KEY,
    leased_by  TEXT,
    last_at    INTEGER,             -- null: it has never fired
    next_at    INTEGER,             -- null: it will never be due
    updated_at INTEGER              -- null: nothing is recorded
) WITHOUT ROWID;
