CREATE TABLE mfa.recoverykit_events (
	id VARCHAR(32) NOT NULL,
	at DATETIME NOT NULL,
	tenant TEXT COLLATE "BINARY" NOT NULL,
	subject TEXT COLLATE "BINARY" NOT NULL,
	scope TEXT COLLATE "BINARY" NOT NULL,
	kind VARCHAR(16) NOT NULL,
	details TEXT NOT NULL,
	position BIGINT,
	CONSTRAINT recoverykit_events_pkey PRIMARY KEY (id)
)

CREATE INDEX mfa.recoverykit_events_by_position ON recoverykit_events (position, at)

CREATE INDEX mfa.recoverykit_events_by_subject ON recoverykit_events (tenant, subject, scope)

CREATE INDEX mfa.recoverykit_events_by_time ON recoverykit_events (at)

CREATE TABLE mfa.recoverykit_positions (
	name TEXT COLLATE "BINARY" NOT NULL,
	position BIGINT NOT NULL,
	CONSTRAINT recoverykit_positions_pkey PRIMARY KEY (name)
)

CREATE TABLE mfa.recoverykit_records (
	tenant TEXT COLLATE "BINARY" NOT NULL,
	subject TEXT COLLATE "BINARY" NOT NULL,
	scope TEXT COLLATE "BINARY" NOT NULL,
	revision TEXT COLLATE "BINARY" NOT NULL,
	document TEXT NOT NULL,
	state VARCHAR(16) NOT NULL,
	remaining INTEGER NOT NULL,
	issued_at DATETIME,
	last_used_at DATETIME,
	expires_at DATETIME,
	retry_at DATETIME,
	key_ids TEXT NOT NULL,
	seal_key_id VARCHAR(64),
	outdated_at DATETIME,
	CONSTRAINT recoverykit_records_pkey PRIMARY KEY (tenant, subject, scope)
)

CREATE INDEX mfa.recoverykit_records_by_outdated ON recoverykit_records (outdated_at)

-- load
SELECT mfa.recoverykit_records.revision, mfa.recoverykit_records.document
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.tenant = ? AND mfa.recoverykit_records.subject = ? AND mfa.recoverykit_records.scope = ?

-- standing
SELECT mfa.recoverykit_records.revision
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.tenant = ? AND mfa.recoverykit_records.subject = ? AND mfa.recoverykit_records.scope = ?

-- insert
INSERT INTO mfa.recoverykit_records (tenant, subject, scope, revision, document, state, remaining, issued_at, last_used_at, expires_at, retry_at, key_ids, seal_key_id, outdated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- update
UPDATE mfa.recoverykit_records SET revision=?, document=?, state=?, remaining=?, issued_at=?, last_used_at=?, expires_at=?, retry_at=?, key_ids=?, seal_key_id=?, outdated_at=? WHERE mfa.recoverykit_records.tenant = ? AND mfa.recoverykit_records.subject = ? AND mfa.recoverykit_records.scope = ? AND mfa.recoverykit_records.revision = ?

-- delete
DELETE FROM mfa.recoverykit_records WHERE mfa.recoverykit_records.tenant = ? AND mfa.recoverykit_records.subject = ? AND mfa.recoverykit_records.scope = ? AND mfa.recoverykit_records.revision = ?

-- insert_events
INSERT INTO mfa.recoverykit_events (id, at, tenant, subject, scope, kind, details, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- delete_events
DELETE FROM mfa.recoverykit_events WHERE mfa.recoverykit_events.tenant = ? AND mfa.recoverykit_events.subject = ? AND mfa.recoverykit_events.scope = ?

-- update_and_tell
WITH won AS
(UPDATE mfa.recoverykit_records SET revision=?, document=?, state=?, remaining=?, issued_at=?, last_used_at=?, expires_at=?, retry_at=?, key_ids=?, seal_key_id=?, outdated_at=? WHERE mfa.recoverykit_records.tenant = ? AND mfa.recoverykit_records.subject = ? AND mfa.recoverykit_records.scope = ? AND mfa.recoverykit_records.revision = ? RETURNING revision),
told AS
(INSERT INTO mfa.recoverykit_events (id, at, tenant, subject, scope, kind, details) SELECT ? AS anon_1, ? AS anon_2, ? AS anon_3, ? AS anon_4, ? AS anon_5, ? AS anon_6, ? AS anon_7
FROM won)
 SELECT count(*) AS count_1
FROM won

-- scopes
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.tenant = ? AND mfa.recoverykit_records.subject = ? ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope

-- key_use
SELECT mfa.recoverykit_records.key_ids, mfa.recoverykit_records.seal_key_id, count(*) AS documents
FROM mfa.recoverykit_records GROUP BY mfa.recoverykit_records.key_ids, mfa.recoverykit_records.seal_key_id

-- sealed_otherwise
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
FROM mfa.recoverykit_records
WHERE coalesce(mfa.recoverykit_records.seal_key_id, ?) != ? ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
 LIMIT ? OFFSET ?

-- sealed_otherwise_after
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
FROM mfa.recoverykit_records
WHERE coalesce(mfa.recoverykit_records.seal_key_id, ?) != ? AND (mfa.recoverykit_records.tenant > ? OR mfa.recoverykit_records.tenant = ? AND (mfa.recoverykit_records.subject > ? OR mfa.recoverykit_records.subject = ? AND mfa.recoverykit_records.scope > ?)) ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
 LIMIT ? OFFSET ?

-- outdated
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope, mfa.recoverykit_records.revision, EXISTS (SELECT *
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.tenant = mfa.recoverykit_records.tenant AND mfa.recoverykit_events.subject = mfa.recoverykit_records.subject AND mfa.recoverykit_events.scope = mfa.recoverykit_records.scope) AS has_events
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.outdated_at < ? ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
 LIMIT ? OFFSET ?

-- outdated_after
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope, mfa.recoverykit_records.revision, EXISTS (SELECT *
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.tenant = mfa.recoverykit_records.tenant AND mfa.recoverykit_events.subject = mfa.recoverykit_records.subject AND mfa.recoverykit_events.scope = mfa.recoverykit_records.scope) AS has_events
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.outdated_at < ? AND (mfa.recoverykit_records.tenant > ? OR mfa.recoverykit_records.tenant = ? AND (mfa.recoverykit_records.subject > ? OR mfa.recoverykit_records.subject = ? AND mfa.recoverykit_records.scope > ?)) ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
 LIMIT ? OFFSET ?

-- positions
SELECT mfa.recoverykit_positions.name, mfa.recoverykit_positions.position
FROM mfa.recoverykit_positions

-- take
UPDATE mfa.recoverykit_positions SET position=? WHERE mfa.recoverykit_positions.name = ? AND mfa.recoverykit_positions.position = ?

-- insert_position
INSERT INTO mfa.recoverykit_positions (name, position) VALUES (?, ?)

-- advance
UPDATE mfa.recoverykit_positions SET position=? WHERE mfa.recoverykit_positions.name = ? AND mfa.recoverykit_positions.position < ?

-- forget
DELETE FROM mfa.recoverykit_positions WHERE mfa.recoverykit_positions.name = ?

-- unnumbered
SELECT mfa.recoverykit_events.id
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.position IS NULL ORDER BY mfa.recoverykit_events.position, mfa.recoverykit_events.at
 LIMIT ? OFFSET ?

-- unnumbered_on_mysql
SELECT mfa.recoverykit_events.id
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.position IS NULL ORDER BY mfa.recoverykit_events.at
 LIMIT ? OFFSET ?

-- number
UPDATE mfa.recoverykit_events SET position=? WHERE mfa.recoverykit_events.id = ?

-- page
SELECT mfa.recoverykit_events.id AS id, mfa.recoverykit_events.at AS at, mfa.recoverykit_events.tenant AS tenant, mfa.recoverykit_events.subject AS subject, mfa.recoverykit_events.scope AS scope, mfa.recoverykit_events.kind AS kind, mfa.recoverykit_events.details AS details, mfa.recoverykit_events.position AS position
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.position > ? ORDER BY mfa.recoverykit_events.position
 LIMIT ? OFFSET ?

-- old
SELECT mfa.recoverykit_events.id
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.at < ? ORDER BY mfa.recoverykit_events.at
 LIMIT ? OFFSET ?

-- old_and_acknowledged
SELECT mfa.recoverykit_events.id
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.at < ? AND mfa.recoverykit_events.position <= ? ORDER BY mfa.recoverykit_events.at
 LIMIT ? OFFSET ?

-- delete
DELETE FROM mfa.recoverykit_events WHERE mfa.recoverykit_events.id IN (__[POSTCOMPILE_events])
