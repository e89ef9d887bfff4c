CREATE TABLE mfa.recoverykit_events (
	id VARCHAR(32) NOT NULL,
	at DATETIME(6) NOT NULL,
	tenant VARBINARY(255) NOT NULL,
	subject VARBINARY(255) NOT NULL,
	scope VARBINARY(255) NOT NULL,
	kind VARCHAR(16) NOT NULL,
	details TEXT NOT NULL,
	position BIGINT,
	CONSTRAINT recoverykit_events_pkey PRIMARY KEY (id)
)ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARSET=ascii COLLATE ascii_bin

CREATE INDEX recoverykit_events_by_position ON mfa.recoverykit_events (position, at)

CREATE INDEX recoverykit_events_by_subject ON mfa.recoverykit_events (tenant, subject, scope)

CREATE INDEX recoverykit_events_by_time ON mfa.recoverykit_events (at)

CREATE TABLE mfa.recoverykit_positions (
	name VARBINARY(64) NOT NULL,
	position BIGINT NOT NULL,
	CONSTRAINT recoverykit_positions_pkey PRIMARY KEY (name)
)ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARSET=ascii COLLATE ascii_bin

CREATE TABLE mfa.recoverykit_records (
	tenant VARBINARY(255) NOT NULL,
	subject VARBINARY(255) NOT NULL,
	scope VARBINARY(255) NOT NULL,
	revision VARBINARY(64) NOT NULL,
	document MEDIUMTEXT NOT NULL,
	state VARCHAR(16) NOT NULL,
	remaining INTEGER NOT NULL,
	issued_at DATETIME(6),
	last_used_at DATETIME(6),
	expires_at DATETIME(6),
	retry_at DATETIME(6),
	key_ids TEXT NOT NULL,
	seal_key_id VARCHAR(64),
	outdated_at DATETIME(6),
	CONSTRAINT recoverykit_records_pkey PRIMARY KEY (tenant, subject, scope)
)ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARSET=ascii COLLATE ascii_bin

CREATE INDEX recoverykit_records_by_outdated ON mfa.recoverykit_records (outdated_at)

-- load
SELECT mfa.recoverykit_records.revision, mfa.recoverykit_records.document
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.tenant = %s AND mfa.recoverykit_records.subject = %s AND mfa.recoverykit_records.scope = %s

-- standing
SELECT mfa.recoverykit_records.revision
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.tenant = %s AND mfa.recoverykit_records.subject = %s AND mfa.recoverykit_records.scope = %s

-- insert
INSERT INTO mfa.recoverykit_records (tenant, subject, scope, revision, document, state, remaining, issued_at, last_used_at, expires_at, retry_at, key_ids, seal_key_id, outdated_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- update
UPDATE mfa.recoverykit_records SET revision=%s, document=%s, state=%s, remaining=%s, issued_at=%s, last_used_at=%s, expires_at=%s, retry_at=%s, key_ids=%s, seal_key_id=%s, outdated_at=%s WHERE mfa.recoverykit_records.tenant = %s AND mfa.recoverykit_records.subject = %s AND mfa.recoverykit_records.scope = %s AND mfa.recoverykit_records.revision = %s

-- delete
DELETE FROM mfa.recoverykit_records WHERE mfa.recoverykit_records.tenant = %s AND mfa.recoverykit_records.subject = %s AND mfa.recoverykit_records.scope = %s AND mfa.recoverykit_records.revision = %s

-- insert_events
INSERT INTO mfa.recoverykit_events (id, at, tenant, subject, scope, kind, details, position) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)

-- delete_events
DELETE FROM mfa.recoverykit_events WHERE mfa.recoverykit_events.tenant = %s AND mfa.recoverykit_events.subject = %s AND mfa.recoverykit_events.scope = %s

-- update_and_tell
WITH won AS
(UPDATE mfa.recoverykit_records SET revision=%s, document=%s, state=%s, remaining=%s, issued_at=%s, last_used_at=%s, expires_at=%s, retry_at=%s, key_ids=%s, seal_key_id=%s, outdated_at=%s WHERE mfa.recoverykit_records.tenant = %s AND mfa.recoverykit_records.subject = %s AND mfa.recoverykit_records.scope = %s AND mfa.recoverykit_records.revision = %s RETURNING mfa.recoverykit_records.revision),
told AS
(INSERT INTO mfa.recoverykit_events (id, at, tenant, subject, scope, kind, details) SELECT %s AS anon_1, %s AS anon_2, %s AS anon_3, %s AS anon_4, %s AS anon_5, %s AS anon_6, %s AS anon_7
FROM won)
 SELECT count(*) AS count_1
FROM won

-- scopes
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.tenant = %s AND mfa.recoverykit_records.subject = %s ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope

-- key_use
SELECT mfa.recoverykit_records.key_ids, mfa.recoverykit_records.seal_key_id, count(*) AS documents
FROM mfa.recoverykit_records GROUP BY mfa.recoverykit_records.key_ids, mfa.recoverykit_records.seal_key_id

-- sealed_otherwise
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
FROM mfa.recoverykit_records
WHERE coalesce(mfa.recoverykit_records.seal_key_id, %s) != %s ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
 LIMIT %s

-- sealed_otherwise_after
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
FROM mfa.recoverykit_records
WHERE coalesce(mfa.recoverykit_records.seal_key_id, %s) != %s AND (mfa.recoverykit_records.tenant > %s OR mfa.recoverykit_records.tenant = %s AND (mfa.recoverykit_records.subject > %s OR mfa.recoverykit_records.subject = %s AND mfa.recoverykit_records.scope > %s)) ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
 LIMIT %s

-- outdated
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope, mfa.recoverykit_records.revision, EXISTS (SELECT *
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.tenant = mfa.recoverykit_records.tenant AND mfa.recoverykit_events.subject = mfa.recoverykit_records.subject AND mfa.recoverykit_events.scope = mfa.recoverykit_records.scope) AS has_events
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.outdated_at < %s ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
 LIMIT %s

-- outdated_after
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope, mfa.recoverykit_records.revision, EXISTS (SELECT *
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.tenant = mfa.recoverykit_records.tenant AND mfa.recoverykit_events.subject = mfa.recoverykit_records.subject AND mfa.recoverykit_events.scope = mfa.recoverykit_records.scope) AS has_events
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.outdated_at < %s AND (mfa.recoverykit_records.tenant > %s OR mfa.recoverykit_records.tenant = %s AND (mfa.recoverykit_records.subject > %s OR mfa.recoverykit_records.subject = %s AND mfa.recoverykit_records.scope > %s)) ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
 LIMIT %s

-- positions
SELECT mfa.recoverykit_positions.name, mfa.recoverykit_positions.position
FROM mfa.recoverykit_positions

-- take
UPDATE mfa.recoverykit_positions SET position=%s WHERE mfa.recoverykit_positions.name = %s AND mfa.recoverykit_positions.position = %s

-- insert_position
INSERT INTO mfa.recoverykit_positions (name, position) VALUES (%s, %s)

-- advance
UPDATE mfa.recoverykit_positions SET position=%s WHERE mfa.recoverykit_positions.name = %s AND mfa.recoverykit_positions.position < %s

-- forget
DELETE FROM mfa.recoverykit_positions WHERE mfa.recoverykit_positions.name = %s

-- unnumbered
SELECT mfa.recoverykit_events.id
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.position IS NULL ORDER BY mfa.recoverykit_events.position, mfa.recoverykit_events.at
 LIMIT %s

-- unnumbered_on_mysql
SELECT mfa.recoverykit_events.id
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.position IS NULL ORDER BY mfa.recoverykit_events.at
 LIMIT %s

-- number
UPDATE mfa.recoverykit_events SET position=%s WHERE mfa.recoverykit_events.id = %s

-- page
SELECT mfa.recoverykit_events.id AS id, mfa.recoverykit_events.at AS at, mfa.recoverykit_events.tenant AS tenant, mfa.recoverykit_events.subject AS subject, mfa.recoverykit_events.scope AS scope, mfa.recoverykit_events.kind AS kind, mfa.recoverykit_events.details AS details, mfa.recoverykit_events.position AS position
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.position > %s ORDER BY mfa.recoverykit_events.position
 LIMIT %s

-- old
SELECT mfa.recoverykit_events.id
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.at < %s ORDER BY mfa.recoverykit_events.at
 LIMIT %s

-- old_and_acknowledged
SELECT mfa.recoverykit_events.id
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.at < %s AND mfa.recoverykit_events.position <= %s ORDER BY mfa.recoverykit_events.at
 LIMIT %s

-- delete
DELETE FROM mfa.recoverykit_events WHERE mfa.recoverykit_events.id IN (__[POSTCOMPILE_events])
