CREATE TABLE mfa.recoverykit_events (
	id VARCHAR(32) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	tenant TEXT COLLATE "C" NOT NULL,
	subject TEXT COLLATE "C" NOT NULL,
	scope TEXT COLLATE "C" NOT NULL,
	kind VARCHAR(16) NOT NULL,
	details TEXT NOT NULL,
	position BIGINT,
	CONSTRAINT recoverykit_events_pkey PRIMARY KEY (id)
)

CREATE INDEX recoverykit_events_by_position ON mfa.recoverykit_events (position, at)

CREATE INDEX recoverykit_events_by_subject ON mfa.recoverykit_events (tenant, subject, scope)

CREATE INDEX recoverykit_events_by_time ON mfa.recoverykit_events (at)

CREATE TABLE mfa.recoverykit_positions (
	name TEXT COLLATE "C" NOT NULL,
	position BIGINT NOT NULL,
	CONSTRAINT recoverykit_positions_pkey PRIMARY KEY (name)
)

CREATE TABLE mfa.recoverykit_records (
	tenant TEXT COLLATE "C" NOT NULL,
	subject TEXT COLLATE "C" NOT NULL,
	scope TEXT COLLATE "C" NOT NULL,
	revision TEXT COLLATE "C" NOT NULL,
	document TEXT NOT NULL,
	state VARCHAR(16) NOT NULL,
	remaining INTEGER NOT NULL,
	issued_at TIMESTAMP WITH TIME ZONE,
	last_used_at TIMESTAMP WITH TIME ZONE,
	expires_at TIMESTAMP WITH TIME ZONE,
	retry_at TIMESTAMP WITH TIME ZONE,
	key_ids TEXT NOT NULL,
	seal_key_id VARCHAR(64),
	outdated_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT recoverykit_records_pkey PRIMARY KEY (tenant, subject, scope)
)

CREATE INDEX recoverykit_records_by_outdated ON mfa.recoverykit_records (outdated_at)

-- load
SELECT mfa.recoverykit_records.revision, mfa.recoverykit_records.document
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.tenant = %(key_tenant)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.subject = %(key_subject)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.scope = %(key_scope)s::VARCHAR COLLATE "C"

-- standing
SELECT mfa.recoverykit_records.revision
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.tenant = %(key_tenant)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.subject = %(key_subject)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.scope = %(key_scope)s::VARCHAR COLLATE "C"

-- insert
INSERT INTO mfa.recoverykit_records (tenant, subject, scope, revision, document, state, remaining, issued_at, last_used_at, expires_at, retry_at, key_ids, seal_key_id, outdated_at) VALUES (%(tenant)s::VARCHAR COLLATE "C", %(subject)s::VARCHAR COLLATE "C", %(scope)s::VARCHAR COLLATE "C", %(revision)s::VARCHAR COLLATE "C", %(document)s::VARCHAR, %(state)s::VARCHAR, %(remaining)s::INTEGER, %(issued_at)s::TIMESTAMP WITH TIME ZONE, %(last_used_at)s::TIMESTAMP WITH TIME ZONE, %(expires_at)s::TIMESTAMP WITH TIME ZONE, %(retry_at)s::TIMESTAMP WITH TIME ZONE, %(key_ids)s::VARCHAR, %(seal_key_id)s::VARCHAR, %(outdated_at)s::TIMESTAMP WITH TIME ZONE)

-- update
UPDATE mfa.recoverykit_records SET revision=%(revision)s::VARCHAR COLLATE "C", document=%(document)s::VARCHAR, state=%(state)s::VARCHAR, remaining=%(remaining)s::INTEGER, issued_at=%(issued_at)s::TIMESTAMP WITH TIME ZONE, last_used_at=%(last_used_at)s::TIMESTAMP WITH TIME ZONE, expires_at=%(expires_at)s::TIMESTAMP WITH TIME ZONE, retry_at=%(retry_at)s::TIMESTAMP WITH TIME ZONE, key_ids=%(key_ids)s::VARCHAR, seal_key_id=%(seal_key_id)s::VARCHAR, outdated_at=%(outdated_at)s::TIMESTAMP WITH TIME ZONE WHERE mfa.recoverykit_records.tenant = %(key_tenant)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.subject = %(key_subject)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.scope = %(key_scope)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.revision = %(expected)s::VARCHAR COLLATE "C"

-- delete
DELETE FROM mfa.recoverykit_records WHERE mfa.recoverykit_records.tenant = %(key_tenant)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.subject = %(key_subject)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.scope = %(key_scope)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.revision = %(expected)s::VARCHAR COLLATE "C"

-- insert_events
INSERT INTO mfa.recoverykit_events (id, at, tenant, subject, scope, kind, details, position) VALUES (%(id)s::VARCHAR, %(at)s::TIMESTAMP WITH TIME ZONE, %(tenant)s::VARCHAR COLLATE "C", %(subject)s::VARCHAR COLLATE "C", %(scope)s::VARCHAR COLLATE "C", %(kind)s::VARCHAR, %(details)s::VARCHAR, %(position)s::BIGINT)

-- delete_events
DELETE FROM mfa.recoverykit_events WHERE mfa.recoverykit_events.tenant = %(key_tenant)s::VARCHAR COLLATE "C" AND mfa.recoverykit_events.subject = %(key_subject)s::VARCHAR COLLATE "C" AND mfa.recoverykit_events.scope = %(key_scope)s::VARCHAR COLLATE "C"

-- update_and_tell
WITH won AS
(UPDATE mfa.recoverykit_records SET revision=%(revision)s::VARCHAR COLLATE "C", document=%(document)s::VARCHAR, state=%(state)s::VARCHAR, remaining=%(remaining)s::INTEGER, issued_at=%(issued_at)s::TIMESTAMP WITH TIME ZONE, last_used_at=%(last_used_at)s::TIMESTAMP WITH TIME ZONE, expires_at=%(expires_at)s::TIMESTAMP WITH TIME ZONE, retry_at=%(retry_at)s::TIMESTAMP WITH TIME ZONE, key_ids=%(key_ids)s::VARCHAR, seal_key_id=%(seal_key_id)s::VARCHAR, outdated_at=%(outdated_at)s::TIMESTAMP WITH TIME ZONE WHERE mfa.recoverykit_records.tenant = %(key_tenant)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.subject = %(key_subject)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.scope = %(key_scope)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.revision = %(expected)s::VARCHAR COLLATE "C" RETURNING mfa.recoverykit_records.revision),
told AS
(INSERT INTO mfa.recoverykit_events (id, at, tenant, subject, scope, kind, details) SELECT %(event_id)s::VARCHAR AS anon_1, %(event_at)s::TIMESTAMP WITH TIME ZONE AS anon_2, %(event_tenant)s::VARCHAR COLLATE "C" AS anon_3, %(event_subject)s::VARCHAR COLLATE "C" AS anon_4, %(event_scope)s::VARCHAR COLLATE "C" AS anon_5, %(event_kind)s::VARCHAR AS anon_6, %(event_details)s::VARCHAR AS anon_7
FROM won)
 SELECT count(*) AS count_1
FROM won

-- scopes
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.tenant = %(key_tenant)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.subject = %(key_subject)s::VARCHAR COLLATE "C" ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope

-- key_use
SELECT mfa.recoverykit_records.key_ids, mfa.recoverykit_records.seal_key_id, count(*) AS documents
FROM mfa.recoverykit_records GROUP BY mfa.recoverykit_records.key_ids, mfa.recoverykit_records.seal_key_id

-- sealed_otherwise
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
FROM mfa.recoverykit_records
WHERE coalesce(mfa.recoverykit_records.seal_key_id, %(coalesce_1)s::VARCHAR) != %(seal)s::VARCHAR ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
 LIMIT %(limit)s

-- sealed_otherwise_after
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
FROM mfa.recoverykit_records
WHERE coalesce(mfa.recoverykit_records.seal_key_id, %(coalesce_1)s::VARCHAR) != %(seal)s::VARCHAR AND (mfa.recoverykit_records.tenant > %(key_tenant)s::VARCHAR COLLATE "C" OR mfa.recoverykit_records.tenant = %(key_tenant)s::VARCHAR COLLATE "C" AND (mfa.recoverykit_records.subject > %(key_subject)s::VARCHAR COLLATE "C" OR mfa.recoverykit_records.subject = %(key_subject)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.scope > %(key_scope)s::VARCHAR COLLATE "C")) ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
 LIMIT %(limit)s

-- outdated
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope, mfa.recoverykit_records.revision, EXISTS (SELECT *
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.tenant = mfa.recoverykit_records.tenant AND mfa.recoverykit_events.subject = mfa.recoverykit_records.subject AND mfa.recoverykit_events.scope = mfa.recoverykit_records.scope) AS has_events
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.outdated_at < %(before)s::TIMESTAMP WITH TIME ZONE ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
 LIMIT %(limit)s

-- outdated_after
SELECT mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope, mfa.recoverykit_records.revision, EXISTS (SELECT *
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.tenant = mfa.recoverykit_records.tenant AND mfa.recoverykit_events.subject = mfa.recoverykit_records.subject AND mfa.recoverykit_events.scope = mfa.recoverykit_records.scope) AS has_events
FROM mfa.recoverykit_records
WHERE mfa.recoverykit_records.outdated_at < %(before)s::TIMESTAMP WITH TIME ZONE AND (mfa.recoverykit_records.tenant > %(key_tenant)s::VARCHAR COLLATE "C" OR mfa.recoverykit_records.tenant = %(key_tenant)s::VARCHAR COLLATE "C" AND (mfa.recoverykit_records.subject > %(key_subject)s::VARCHAR COLLATE "C" OR mfa.recoverykit_records.subject = %(key_subject)s::VARCHAR COLLATE "C" AND mfa.recoverykit_records.scope > %(key_scope)s::VARCHAR COLLATE "C")) ORDER BY mfa.recoverykit_records.tenant, mfa.recoverykit_records.subject, mfa.recoverykit_records.scope
 LIMIT %(limit)s

-- positions
SELECT mfa.recoverykit_positions.name, mfa.recoverykit_positions.position
FROM mfa.recoverykit_positions

-- take
UPDATE mfa.recoverykit_positions SET position=%(taken)s::BIGINT WHERE mfa.recoverykit_positions.name = %(name_1)s::VARCHAR COLLATE "C" AND mfa.recoverykit_positions.position = %(seen)s::BIGINT

-- insert_position
INSERT INTO mfa.recoverykit_positions (name, position) VALUES (%(name)s::VARCHAR COLLATE "C", %(position)s::BIGINT)

-- advance
UPDATE mfa.recoverykit_positions SET position=%(reached)s::BIGINT WHERE mfa.recoverykit_positions.name = %(reader)s::VARCHAR COLLATE "C" AND mfa.recoverykit_positions.position < %(reached)s::BIGINT

-- forget
DELETE FROM mfa.recoverykit_positions WHERE mfa.recoverykit_positions.name = %(reader)s::VARCHAR COLLATE "C"

-- unnumbered
SELECT mfa.recoverykit_events.id
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.position IS NULL ORDER BY mfa.recoverykit_events.position, mfa.recoverykit_events.at
 LIMIT %(limit)s

-- unnumbered_on_mysql
SELECT mfa.recoverykit_events.id
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.position IS NULL ORDER BY mfa.recoverykit_events.at
 LIMIT %(limit)s

-- number
UPDATE mfa.recoverykit_events SET position=%(number)s::BIGINT WHERE mfa.recoverykit_events.id = %(event)s::VARCHAR

-- page
SELECT mfa.recoverykit_events.id AS id, mfa.recoverykit_events.at AS at, mfa.recoverykit_events.tenant AS tenant, mfa.recoverykit_events.subject AS subject, mfa.recoverykit_events.scope AS scope, mfa.recoverykit_events.kind AS kind, mfa.recoverykit_events.details AS details, mfa.recoverykit_events.position AS position
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.position > %(after)s::BIGINT ORDER BY mfa.recoverykit_events.position
 LIMIT %(limit)s

-- old
SELECT mfa.recoverykit_events.id
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.at < %(before)s::TIMESTAMP WITH TIME ZONE ORDER BY mfa.recoverykit_events.at
 LIMIT %(limit)s

-- old_and_acknowledged
SELECT mfa.recoverykit_events.id
FROM mfa.recoverykit_events
WHERE mfa.recoverykit_events.at < %(before)s::TIMESTAMP WITH TIME ZONE AND mfa.recoverykit_events.position <= %(last)s::BIGINT ORDER BY mfa.recoverykit_events.at
 LIMIT %(limit)s

-- delete
DELETE FROM mfa.recoverykit_events WHERE mfa.recoverykit_events.id IN (__[POSTCOMPILE_events])
