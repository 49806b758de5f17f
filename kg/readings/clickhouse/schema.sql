-- Tables of one store's readings in ClickHouse. FlexKG runs this file on every node; {database}, {cluster} and
-- {slots} are filled in. Where the server's configuration has the macros shard and replica, tables are
-- replicated as written here; else `Replicated...('...', '...', x)` becomes `...(x)`.
-- Times are whole microseconds from 1970, UTC. A series' number is k * {slots} + slot, the slot being a hash of
-- its VEN: a slot, and so a VEN, is wholly on one shard. Batches are numbered likewise.

CREATE DATABASE IF NOT EXISTS {database};

-- One row for each series and start is shown, that of the highest version; gone: it was withdrawn.
CREATE TABLE IF NOT EXISTS {database}.stored (
 series UInt64 CODEC(Delta, ZSTD(1)), starts Int64 CODEC(DoubleDelta, ZSTD(1)),
 length Nullable(Int64) CODEC(ZSTD(1)), milli Nullable(Int64) CODEC(ZSTD(1)), micro Nullable(Int64) CODEC(ZSTD(1)),
 exact Nullable(String) CODEC(ZSTD(1)), quality Nullable(Int32) CODEC(ZSTD(1)),
 confidence Nullable(Int32) CODEC(ZSTD(1)), accuracy Nullable(String) CODEC(ZSTD(1)),
 batch UInt64 CODEC(Delta, ZSTD(1)), seq UInt64 CODEC(Delta, ZSTD(1)), received Int64 CODEC(Delta, ZSTD(1)),
 gone UInt8 CODEC(ZSTD(1)), version UInt64 CODEC(Delta, ZSTD(1))
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/stored', '{replica}', version)
PARTITION BY toYYYYMM(toDateTime(intDiv(starts, 1000000), 'UTC')) ORDER BY (series, starts);

CREATE VIEW IF NOT EXISTS {database}.current AS
SELECT series, starts, length, milli, micro, exact, quality, confidence, accuracy, batch, seq, received
FROM {database}.stored FINAL WHERE gone = 0;

-- What was replaced or withdrawn, with which it can be said what was known at a time.
CREATE TABLE IF NOT EXISTS {database}.former (
 series UInt64 CODEC(Delta, ZSTD(1)), starts Int64 CODEC(DoubleDelta, ZSTD(1)),
 length Nullable(Int64), milli Nullable(Int64), micro Nullable(Int64), exact Nullable(String),
 quality Nullable(Int32), confidence Nullable(Int32), accuracy Nullable(String),
 batch UInt64, seq UInt64, received Int64, gone UInt8
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/former', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(starts, 1000000), 'UTC')) ORDER BY (series, starts, seq, batch, gone);

-- The hourly roll-up: count, sums, least and most (in millionths) of each series and hour from 1970. It is written
-- beside each batch from what `stored` shows, so a correction counts once; texts: values that are in `exact`.
CREATE TABLE IF NOT EXISTS {database}.hours_stored (
 series UInt64 CODEC(Delta, ZSTD(1)), hour Int64 CODEC(DoubleDelta, ZSTD(1)), number UInt64 CODEC(ZSTD(1)),
 milli Nullable(Decimal(38, 0)) CODEC(ZSTD(1)), micro Nullable(Decimal(38, 0)) CODEC(ZSTD(1)),
 least Nullable(Int64) CODEC(ZSTD(1)), most Nullable(Int64) CODEC(ZSTD(1)), texts UInt64 CODEC(ZSTD(1)),
 version UInt64 CODEC(ZSTD(1))
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/hours_stored', '{replica}', version)
PARTITION BY toYYYYMM(toDateTime(hour * 3600, 'UTC')) ORDER BY (series, hour);

CREATE VIEW IF NOT EXISTS {database}.hours AS
SELECT series, hour, number, milli, micro, least, most, texts FROM {database}.hours_stored FINAL WHERE number > 0;

CREATE TABLE IF NOT EXISTS {database}.names_stored (
 id UInt64, iri String, resource Nullable(String), property Nullable(String), unit Nullable(String), version UInt64
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/names_stored', '{replica}', version)
ORDER BY id;

CREATE VIEW IF NOT EXISTS {database}.names AS
SELECT id, iri, resource, property, unit FROM {database}.names_stored FINAL;

CREATE TABLE IF NOT EXISTS {database}.qualities (id UInt64, iri String)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/qualities', '{replica}') ORDER BY id;

-- Payloads: noted before their readings are written, finished behind them; one row for each payload and slot.
CREATE TABLE IF NOT EXISTS {database}.batches (
 id UInt64 CODEC(Delta, ZSTD(1)), digest String CODEC(ZSTD(1)), seq UInt64 CODEC(Delta, ZSTD(1)),
 received Int64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/batches', '{replica}') ORDER BY id;

CREATE TABLE IF NOT EXISTS {database}.finished (id UInt64 CODEC(Delta, ZSTD(1)))
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/finished', '{replica}') ORDER BY id;

-- The same tables over all shards, where there is a cluster; queries and inserts go to these.
CREATE DATABASE IF NOT EXISTS {database}_all;

CREATE TABLE IF NOT EXISTS {database}_all.stored AS {database}.stored
ENGINE = Distributed({cluster}, {database}, stored, modulo(series, {slots}));
CREATE TABLE IF NOT EXISTS {database}_all.current (
 series UInt64, starts Int64, length Nullable(Int64), milli Nullable(Int64), micro Nullable(Int64),
 exact Nullable(String), quality Nullable(Int32), confidence Nullable(Int32), accuracy Nullable(String),
 batch UInt64, seq UInt64, received Int64
) ENGINE = Distributed({cluster}, {database}, current, modulo(series, {slots}));
CREATE TABLE IF NOT EXISTS {database}_all.former AS {database}.former
ENGINE = Distributed({cluster}, {database}, former, modulo(series, {slots}));
CREATE TABLE IF NOT EXISTS {database}_all.hours_stored AS {database}.hours_stored
ENGINE = Distributed({cluster}, {database}, hours_stored, modulo(series, {slots}));
CREATE TABLE IF NOT EXISTS {database}_all.hours (
 series UInt64, hour Int64, number UInt64, milli Nullable(Decimal(38, 0)), micro Nullable(Decimal(38, 0)),
 least Nullable(Int64), most Nullable(Int64), texts UInt64
) ENGINE = Distributed({cluster}, {database}, hours, modulo(series, {slots}));
CREATE TABLE IF NOT EXISTS {database}_all.names_stored AS {database}.names_stored
ENGINE = Distributed({cluster}, {database}, names_stored, modulo(id, {slots}));
CREATE TABLE IF NOT EXISTS {database}_all.names (
 id UInt64, iri String, resource Nullable(String), property Nullable(String), unit Nullable(String)
) ENGINE = Distributed({cluster}, {database}, names, modulo(id, {slots}));
CREATE TABLE IF NOT EXISTS {database}_all.qualities AS {database}.qualities
ENGINE = Distributed({cluster}, {database}, qualities, modulo(id, {slots}));
CREATE TABLE IF NOT EXISTS {database}_all.batches AS {database}.batches
ENGINE = Distributed({cluster}, {database}, batches, modulo(id, {slots}));
CREATE TABLE IF NOT EXISTS {database}_all.finished AS {database}.finished
ENGINE = Distributed({cluster}, {database}, finished, modulo(id, {slots}));
