"""The schema, step by step, applied with sqlite-utils' migrations.

A step that has been released is never edited: a change is a new step at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

if TYPE_CHECKING:
    from sqlite_utils.db import Database

migrations = Migrations("otetui")
STEPS = ("accounts_and_businesses", "clusters_and_nodes", "delivery_work", "activity_log", "user_lists")
"""The names of all steps, in order; a store with a step that is not here is of a newer version."""


def _run(database: Database, script: str) -> None:
    # executescript would commit the migration's own transaction.
    for statement in script.split(";\n\n"):
        database.execute(statement)


@migrations()
def accounts_and_businesses(database: Database) -> None:
    """Users, sessions, failed log-ins, businesses, settings and secrets."""
    _run(
        database,
        """
CREATE TABLE business (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL CHECK (name <> ''),
    user_id INTEGER NOT NULL REFERENCES user (id),
    introduce TEXT NOT NULL,
    objective TEXT NOT NULL,
    scale TEXT NOT NULL,
    comment TEXT NOT NULL DEFAULT '',
    status INTEGER NOT NULL DEFAULT 0 CHECK (status BETWEEN 0 AND 3),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX business_name_in_use ON business (name) WHERE status IN (0, 1);

CREATE INDEX business_by_status ON business (status, id);

CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_name TEXT NOT NULL CHECK (length(user_name) BETWEEN 1 AND 50),
    password_hash TEXT NOT NULL,
    real_name TEXT NOT NULL,
    phone TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT 0 CHECK (status BETWEEN 0 AND 3),
    is_admin INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    built_in INTEGER NOT NULL DEFAULT 0 CHECK (built_in IN (0, 1)),
    business_id INTEGER REFERENCES business (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

CREATE UNIQUE INDEX user_name_in_use ON user (user_name COLLATE NOCASE) WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX user_phone_in_use ON user (phone) WHERE deleted_at IS NULL AND phone <> '';

CREATE UNIQUE INDEX user_built_in ON user (built_in) WHERE built_in = 1;

CREATE INDEX user_by_business ON user (business_id, id) WHERE deleted_at IS NULL;

CREATE INDEX user_by_status ON user (status, id) WHERE deleted_at IS NULL;

CREATE TABLE session (
    token_id TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES user (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX session_by_user ON session (user_id);

CREATE TABLE login_failure (
    user_name TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    locked_until INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL CHECK (json_valid(value)),
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    boxed BLOB NOT NULL
) STRICT
""",
    )


@migrations()
def clusters_and_nodes(database: Database) -> None:
    """Clusters, their labels, and what was last seen of them and their nodes."""
    _run(
        database,
        """
CREATE TABLE cluster (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    context TEXT NOT NULL,
    server TEXT NOT NULL,
    kubeconfig BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE cluster_label (
    cluster_id INTEGER NOT NULL REFERENCES cluster (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (cluster_id, label)
) STRICT, WITHOUT ROWID;

CREATE INDEX cluster_label_by_label ON cluster_label (label);

CREATE TABLE cluster_state (
    cluster_id INTEGER PRIMARY KEY REFERENCES cluster (id) ON DELETE CASCADE,
    reachable INTEGER NOT NULL CHECK (reachable IN (0, 1)),
    ready INTEGER NOT NULL CHECK (ready IN (0, 1)),
    version TEXT NOT NULL DEFAULT '',
    node_count INTEGER NOT NULL DEFAULT 0,
    ready_node_count INTEGER NOT NULL DEFAULT 0,
    probed_at INTEGER NOT NULL,
    answered_at INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE node (
    cluster_id INTEGER NOT NULL REFERENCES cluster (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    operating_system TEXT NOT NULL,
    kernel_version TEXT NOT NULL,
    ip TEXT NOT NULL,
    memory_bytes INTEGER NOT NULL,
    cpu_cores INTEGER NOT NULL,
    disk_bytes INTEGER NOT NULL,
    gpu_memory_bytes INTEGER NOT NULL,
    is_ready INTEGER NOT NULL CHECK (is_ready IN (0, 1)),
    ready_reason TEXT NOT NULL DEFAULT '',
    schedulable INTEGER NOT NULL CHECK (schedulable IN (0, 1)),
    kubelet_version TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (cluster_id, name)
) STRICT;

CREATE INDEX node_by_name ON node (name, cluster_id);

CREATE TABLE node_label (
    cluster_id INTEGER NOT NULL,
    node_name TEXT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (cluster_id, node_name, label),
    FOREIGN KEY (cluster_id, node_name) REFERENCES node (cluster_id, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX node_label_by_label ON node_label (label)
""",
    )


@migrations()
def delivery_work(database: Database) -> None:
    """One row per thing that a cluster must have, holding the newest wanted state."""
    _run(
        database,
        """
CREATE TABLE work (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster_id INTEGER NOT NULL REFERENCES cluster (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    wanted TEXT NOT NULL CHECK (json_valid(wanted)),
    generation INTEGER NOT NULL DEFAULT 1,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'conflict')),
    attempts INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '',
    not_before INTEGER NOT NULL DEFAULT 0,
    boot TEXT NOT NULL DEFAULT '',
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until INTEGER NOT NULL DEFAULT 0,
    lease_boot TEXT NOT NULL DEFAULT '',
    fence INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (cluster_id, kind, object)
) STRICT;

CREATE INDEX work_undelivered ON work (cluster_id, id) WHERE state <> 'delivered';

CREATE INDEX work_leased ON work (cluster_id) WHERE lease_owner <> '';

CREATE INDEX work_by_object ON work (kind, object);

CREATE TABLE cluster_backoff (
    cluster_id INTEGER PRIMARY KEY REFERENCES cluster (id) ON DELETE CASCADE,
    failures INTEGER NOT NULL CHECK (failures > 0),
    not_before INTEGER NOT NULL,
    boot TEXT NOT NULL,
    message TEXT NOT NULL
) STRICT
""",
    )


@migrations()
def activity_log(database: Database) -> None:
    """The append-only activity log."""
    _run(
        database,
        """
CREATE TABLE activity (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    user_id INTEGER,
    user_name TEXT NOT NULL,
    role INTEGER NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    before TEXT NOT NULL CHECK (json_valid(before)),
    after TEXT NOT NULL CHECK (json_valid(after)),
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    message TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX activity_by_user ON activity (user_name, id);

CREATE INDEX activity_by_action ON activity (action, id);

CREATE INDEX activity_by_object ON activity (object, id);

CREATE INDEX activity_by_time ON activity (at);

CREATE TRIGGER activity_never_updated BEFORE UPDATE ON activity
BEGIN SELECT RAISE(ABORT, 'the activity log is append-only'); END;

CREATE TRIGGER activity_never_deleted BEFORE DELETE ON activity
BEGIN SELECT RAISE(ABORT, 'the activity log is append-only'); END
""",
    )


@migrations()
def user_lists(database: Database) -> None:
    """Orders of the list of users, and an index of every three letters of their names for searching it.

    What is taken from a name leaves no trace in that index either.
    """
    _run(
        database,
        """
CREATE INDEX user_by_id ON user (id) WHERE deleted_at IS NULL;

CREATE INDEX user_by_name ON user (user_name, id) WHERE deleted_at IS NULL;

CREATE VIRTUAL TABLE user_text
USING fts5 (user_name, real_name, content = 'user', content_rowid = 'id', tokenize = 'trigram');

INSERT INTO user_text (user_text, rank) VALUES ('secure-delete', 1);

INSERT INTO user_text (user_text) VALUES ('rebuild');

CREATE TRIGGER user_text_added AFTER INSERT ON user
BEGIN INSERT INTO user_text (rowid, user_name, real_name) VALUES (new.id, new.user_name, new.real_name); END;

CREATE TRIGGER user_text_changed AFTER UPDATE OF user_name, real_name ON user
BEGIN
    INSERT INTO user_text (user_text, rowid, user_name, real_name)
    VALUES ('delete', old.id, old.user_name, old.real_name);
    INSERT INTO user_text (rowid, user_name, real_name) VALUES (new.id, new.user_name, new.real_name);
END;

CREATE TRIGGER user_text_removed AFTER DELETE ON user
BEGIN
    INSERT INTO user_text (user_text, rowid, user_name, real_name)
    VALUES ('delete', old.id, old.user_name, old.real_name);
END
""",
    )
