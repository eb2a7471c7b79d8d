-- Every statement of the task hub. A line "-- name: x" gives the statement below it its name.

-- name: put_host
INSERT INTO hosts (host_id, wake_port, alive_until) VALUES (:host_id, :wake_port, :alive_until)
ON CONFLICT (host_id) DO UPDATE SET alive_until = excluded.alive_until

-- name: hosts
SELECT host_id, wake_port, alive_until FROM hosts

-- name: delete_host
DELETE FROM hosts WHERE host_id = :host_id

-- name: drop_orphaned_activities
DELETE FROM activities WHERE leased_by = :host_id AND NOT EXISTS (
    SELECT 1 FROM living
    WHERE living.instance_id = activities.instance_id AND living.execution_id = activities.execution_id)

-- name: free_mailboxes
UPDATE mailboxes SET leased_by = NULL WHERE leased_by = :host_id

-- name: free_activities
UPDATE activities SET leased_by = NULL WHERE leased_by = :host_id

-- name: app
SELECT app FROM hub

-- name: set_app
UPDATE hub SET app = :app

-- name: unfinished
SELECT instance_id FROM mailboxes WHERE instance_id < '@' OR instance_id >= 'A' OR ready_at IS NOT NULL
ORDER BY instance_id LIMIT :limit

-- name: count_of_unfinished
SELECT count(*) FROM mailboxes WHERE instance_id < '@' OR instance_id >= 'A' OR ready_at IS NOT NULL

-- name: time_seen
SELECT seen_at FROM hub

-- name: see_time
UPDATE hub SET seen_at = max(seen_at, :now)

-- name: set_time_back
UPDATE hub SET seen_at = :now

-- name: recall_mailboxes
UPDATE mailboxes SET ready_at = :now
WHERE ready_at > :now AND EXISTS (
    SELECT 1 FROM messages
    WHERE messages.instance_id = mailboxes.instance_id
        AND (visible_at <= :now OR visible_at <= at AND coalesce(fire_at, 0) <= :now))

-- name: recall_messages
UPDATE messages SET visible_at = :now
WHERE visible_at > :now AND visible_at <= at AND coalesce(fire_at, 0) <= :now

-- name: recall_rests
UPDATE mailboxes SET rest_until = 0 WHERE rest_until > :now

-- name: recall_activities
UPDATE activities SET not_before = :now WHERE not_before > :now

-- name: instance
SELECT
    instance_id, execution_id, name, version, status, protocol, input, output, custom_status, failure, tags,
    created_at, updated_at, completed_at, scheduled_at, parent_instance_id, parent_execution_id, parent_task_id,
    generation, entity_state, locked_by
FROM instances WHERE instance_id = :instance_id

-- name: put_instance
INSERT OR REPLACE INTO instances (
    instance_id, execution_id, name, version, status, protocol, input, output, custom_status,
    failure, tags, created_at, updated_at, completed_at, scheduled_at, parent_instance_id,
    parent_execution_id, parent_task_id, generation, entity_state, locked_by)
VALUES (
    :instance_id, :execution_id, :name, :version, :status, :protocol, :input, :output,
    :custom_status, :failure, :tags, :created_at, :updated_at, :completed_at, :scheduled_at,
    :parent_instance_id, :parent_execution_id, :parent_task_id, :generation, :entity_state,
    :locked_by)

-- name: update_instance
UPDATE instances SET
    execution_id = :execution_id, version = :version, status = :status, output = :output,
    custom_status = :custom_status, failure = :failure, created_at = :created_at, updated_at = :updated_at,
    completed_at = :completed_at, entity_state = :entity_state, locked_by = :locked_by
WHERE instance_id = :instance_id

-- name: update_input
UPDATE instances SET input = :input WHERE instance_id = :instance_id

-- name: delete_instance
DELETE FROM instances WHERE instance_id = :instance_id

-- name: status
SELECT status FROM instances WHERE instance_id = :instance_id

-- name: page
SELECT
    instance_id, execution_id, name, version, status, protocol, tags, created_at, updated_at, completed_at,
    scheduled_at, parent_instance_id, parent_execution_id, parent_task_id, generation, locked_by,
    CASE WHEN :with_values THEN input END AS input,
    CASE WHEN :with_values THEN output END AS output,
    CASE WHEN :with_values THEN custom_status END AS custom_status,
    CASE WHEN :with_values THEN failure END AS failure,
    CASE WHEN :with_values THEN entity_state END AS entity_state
FROM instances
WHERE instance_id > :after AND instance_id >= :prefix AND instance_id < :prefix_end
    AND created_at BETWEEN :created_from AND :created_to
    AND updated_at BETWEEN :updated_from AND :updated_to
    AND (:statuses = '' OR instr(:statuses, ',' || status || ','))
    AND (:entities IS NULL OR (instance_id LIKE '@%') = :entities)
    AND (entity_state IS NOT NULL OR NOT :with_state_only)
ORDER BY instance_id LIMIT :limit

-- name: backlog
SELECT count(*) FROM messages WHERE instance_id = :instance_id

-- name: ended_instances
SELECT instance_id FROM instances
WHERE created_at BETWEEN :created_from AND :created_to
    AND updated_at BETWEEN :updated_from AND :updated_to
    AND instance_id >= :prefix AND instance_id < :prefix_end
    AND instr(:statuses, ',' || status || ',') AND completed_at IS NOT NULL
LIMIT :limit

-- name: descendants
WITH RECURSIVE below (instance_id) AS (
    SELECT instance_id FROM instances WHERE parent_instance_id = :instance_id
    UNION
    SELECT child.instance_id FROM below JOIN instances AS child ON child.parent_instance_id = below.instance_id)
SELECT instance_id, status FROM below JOIN instances USING (instance_id)

-- name: empty_entities
SELECT instance_id FROM instances JOIN mailboxes USING (instance_id)
WHERE instance_id >= '@' AND instance_id < 'A'
    AND entity_state IS NULL AND locked_by IS NULL AND leased_by IS NULL
    AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.instance_id = instances.instance_id)
LIMIT :limit

-- name: orphaned_locks
SELECT entity.instance_id, entity.locked_by
FROM instances AS entity LEFT JOIN mailboxes AS holder ON holder.instance_id = entity.locked_by
WHERE entity.instance_id >= '@' AND entity.instance_id < 'A' AND entity.protocol = :protocol
    AND entity.locked_by IS NOT NULL AND holder.instance_id IS NULL

-- name: open_mailbox
INSERT OR REPLACE INTO mailboxes (instance_id, protocol) VALUES (:instance_id, :protocol)

-- name: reopen_mailbox
INSERT INTO mailboxes (instance_id, protocol, episode) VALUES (:instance_id, :protocol, :episode)

-- name: ensure_mailbox
INSERT OR IGNORE INTO mailboxes (instance_id, protocol) VALUES (:instance_id, :protocol)

-- name: close_mailbox
DELETE FROM mailboxes WHERE instance_id = :instance_id

-- name: wake_mailbox
UPDATE mailboxes SET
    arrived = arrived + :is_answer,
    ready_at = min(
        coalesce(ready_at, 9223372036854775807),
        CASE WHEN arrived + :is_answer >= awaited THEN :visible_at ELSE max(:visible_at, rest_until) END)
WHERE instance_id = :instance_id

-- name: next_ready_at
SELECT ready_at FROM mailboxes
WHERE protocol = :protocol AND (episode > 0) = :has_begun AND leased_by IS NULL AND ready_at IS NOT NULL
    AND (:left_out = '[]' OR (
        SELECT function FROM functions_behind WHERE functions_behind.instance_id = mailboxes.instance_id
    ) NOT IN (SELECT value FROM json_each(:left_out)))
ORDER BY ready_at LIMIT 1

-- name: ready_mailboxes
SELECT instance_id, episode, attempts, lease FROM mailboxes
WHERE protocol = :protocol AND (episode > 0) = :has_begun AND leased_by IS NULL AND ready_at <= :now
    AND (:left_out = '[]' OR (
        SELECT function FROM functions_behind WHERE functions_behind.instance_id = mailboxes.instance_id
    ) NOT IN (SELECT value FROM json_each(:left_out)))
ORDER BY ready_at LIMIT :limit

-- name: newest_mailboxes
SELECT instance_id, episode, attempts, lease FROM mailboxes
WHERE protocol = :protocol AND (episode > 0) = :has_begun AND leased_by IS NULL AND ready_at <= :now
    AND (:left_out = '[]' OR (
        SELECT function FROM functions_behind WHERE functions_behind.instance_id = mailboxes.instance_id
    ) NOT IN (SELECT value FROM json_each(:left_out)))
ORDER BY ready_at DESC LIMIT :limit

-- name: lease_mailbox
UPDATE mailboxes SET leased_by = :host_id, lease = lease + 1
WHERE instance_id = :instance_id AND EXISTS (SELECT 1 FROM hosts WHERE host_id = :host_id)

-- name: lease_holder
SELECT mailboxes.leased_by, mailboxes.lease, mailboxes.episode, instances.execution_id
FROM mailboxes JOIN instances USING (instance_id)
WHERE instance_id = :instance_id

-- name: return_mailbox
UPDATE mailboxes SET leased_by = NULL, ready_at = :ready_at, attempts = :attempts
WHERE instance_id = :instance_id AND leased_by = :host_id AND lease = :lease AND episode = :episode

-- name: settle_mailbox
UPDATE mailboxes SET
    leased_by = NULL, episode = episode + 1, attempts = 0, ready_at = :ready_at, rest_until = :rest_until,
    awaited = :awaited, arrived = :arrived
WHERE instance_id = :instance_id

-- name: post_message
INSERT INTO messages (instance_id, execution_id, visible_at, is_answer,
    type, at, task_id, name, version, input, result, reason, details, failure, target_id,
    request_id, fire_at, status, tags, parent_name, parent_version, retry_of, attempt)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: arrived_messages
SELECT message_id, execution_id,
    type, at, task_id, name, version, input, result, reason, details, failure, target_id,
    request_id, fire_at, status, tags, parent_name, parent_version, retry_of, attempt
FROM messages
WHERE instance_id = :instance_id AND visible_at <= :now
ORDER BY visible_at, message_id

-- name: last_message_id
SELECT coalesce(max(message_id), 0) FROM messages WHERE instance_id = :instance_id

-- name: waiting_messages
SELECT count(*) FILTER (WHERE is_answer),
    min(visible_at) FILTER (WHERE message_id > :seen OR visible_at > :claimed_at OR :all_count)
FROM messages WHERE instance_id = :instance_id

-- name: delete_message
DELETE FROM messages WHERE message_id = ?

-- name: delete_messages
DELETE FROM messages WHERE instance_id = :instance_id

-- name: delete_timer
DELETE FROM messages WHERE instance_id = :instance_id AND type = :type AND task_id = :task_id

-- name: history
SELECT
    type, at, task_id, name, version, input, result, reason, details, failure, target_id,
    request_id, fire_at, status, tags, parent_name, parent_version, retry_of, attempt
FROM history WHERE instance_id = :instance_id ORDER BY position

-- name: history_length
SELECT coalesce(max(position) + 1, 0) FROM history WHERE instance_id = :instance_id

-- name: append_history
INSERT INTO history (instance_id, position,
    type, at, task_id, name, version, input, result, reason, details, failure, target_id,
    request_id, fire_at, status, tags, parent_name, parent_version, retry_of, attempt)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: delete_history
DELETE FROM history WHERE instance_id = :instance_id

-- name: put_activity
INSERT INTO activities (instance_id, execution_id, task_id, protocol, name, version, input, tags)
VALUES (:instance_id, :execution_id, :task_id, :protocol, :name, :version, :input, :tags)

-- name: next_activity_at
SELECT not_before FROM activities
WHERE protocol = :protocol AND leased_by IS NULL
    AND (:left_out = '[]' OR lower(name) NOT IN (SELECT value FROM json_each(:left_out)))
ORDER BY not_before LIMIT 1

-- name: many_activities_wait
SELECT count(*) = :many FROM (
    SELECT 1 FROM activities WHERE protocol = :protocol AND leased_by IS NULL AND not_before <= :now LIMIT :many)

-- name: lease_activities
UPDATE activities SET leased_by = :host_id, lease = lease + 1
WHERE activity_id IN (
    SELECT activity_id FROM activities
    WHERE protocol = :protocol AND leased_by IS NULL AND not_before <= :now
        AND (:left_out = '[]' OR lower(name) NOT IN (SELECT value FROM json_each(:left_out)))
    ORDER BY not_before, activity_id LIMIT :limit)
    AND EXISTS (SELECT 1 FROM hosts WHERE host_id = :host_id)
RETURNING activity_id, instance_id, execution_id, task_id, name, version, input, tags, attempts, lease

-- name: lease_newest_activities
UPDATE activities SET leased_by = :host_id, lease = lease + 1
WHERE activity_id IN (
    SELECT activity_id FROM activities
    WHERE protocol = :protocol AND leased_by IS NULL AND not_before = 0
        AND (:left_out = '[]' OR lower(name) NOT IN (SELECT value FROM json_each(:left_out)))
    ORDER BY activity_id DESC LIMIT :limit)
    AND EXISTS (SELECT 1 FROM hosts WHERE host_id = :host_id)
RETURNING activity_id, instance_id, execution_id, task_id, name, version, input, tags, attempts, lease

-- name: drop_orphaned_activity
DELETE FROM activities
WHERE activity_id = :activity_id AND leased_by = :host_id AND lease = :lease AND NOT EXISTS (
    SELECT 1 FROM living
    WHERE living.instance_id = activities.instance_id AND living.execution_id = activities.execution_id)

-- name: return_activity
UPDATE activities SET leased_by = NULL, not_before = :not_before, attempts = :attempts
WHERE activity_id = :activity_id AND leased_by = :host_id AND lease = :lease

-- name: postpone_activity
UPDATE activities SET leased_by = NULL, input = :input, not_before = :not_before, attempts = 0
WHERE activity_id = :activity_id AND leased_by = :host_id AND lease = :lease

-- name: finish_activity
DELETE FROM activities WHERE activity_id = :activity_id AND leased_by = :host_id AND lease = :lease

-- name: timer_of_another_host
SELECT 1 FROM timers WHERE function = :function AND leased_by IS NOT NULL AND leased_by <> :host_id

-- name: timer_of_this_host
SELECT 1 FROM timers WHERE function = :function AND leased_by = :host_id

-- name: lease_timer
INSERT INTO timers (function, leased_by) SELECT :function, host_id FROM hosts WHERE host_id = :host_id
ON CONFLICT (function) DO UPDATE SET leased_by = excluded.leased_by
WHERE leased_by IS NULL OR leased_by = excluded.leased_by

-- name: free_timers
UPDATE timers SET leased_by = NULL WHERE leased_by = :host_id

-- name: timer_status
SELECT last_at, next_at, updated_at FROM timers WHERE function = :function AND updated_at IS NOT NULL

-- name: record_timer
UPDATE timers SET last_at = :last_at, next_at = :next_at, updated_at = :updated_at
WHERE function = :function AND leased_by = :host_id

-- name: withdraw_activities
DELETE FROM activities WHERE instance_id = :instance_id AND leased_by IS NULL

-- name: withdraw_begun_activities
DELETE FROM activities WHERE instance_id = :instance_id AND leased_by IS NULL AND not_before > 0

-- name: other_protocol
SELECT instance_id FROM mailboxes WHERE protocol <> :protocol ORDER BY instance_id LIMIT :limit

-- name: count_of_other_protocol
SELECT count(*) FROM mailboxes WHERE protocol <> :protocol

-- name: add_migration
INSERT INTO migrations (version, applied_at) VALUES (:version, :now)
