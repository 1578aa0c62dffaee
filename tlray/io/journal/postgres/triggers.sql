-- The triggers of schema.sql in PL/pgSQL.
CREATE OR REPLACE FUNCTION events_of_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT value::float8 FROM meta WHERE key = 'events_until') > extract(epoch FROM clock_timestamp()) THEN
        INSERT INTO events (kind, batch, item, about, made_at) VALUES (
            'item.' || NEW.state, NEW.batch, NEW.id,
            json_build_object('reason', NEW.reason, 'attempt', NEW.attempt), extract(epoch FROM clock_timestamp())
        );
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER events_of_items AFTER UPDATE OF state ON items FOR EACH ROW
    WHEN (NEW.state IN ('succeeded', 'dead', 'skipped') AND NEW.state != OLD.state)
    EXECUTE FUNCTION events_of_items();

CREATE OR REPLACE FUNCTION events_of_batches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT value::float8 FROM meta WHERE key = 'events_until') > extract(epoch FROM clock_timestamp()) THEN
        INSERT INTO events (kind, batch, about, made_at) VALUES (
            'batch.' || NEW.state, NEW.id,
            json_build_object('counts', NEW.counts::json, 'sets', NEW.n_sets, 'tracks', NEW.n_tracks,
                'retries', NEW.n_retries, 'blocked', NEW.n_blocked, 'duplicates', NEW.n_duplicates,
                'rejected', NEW.n_rejected),
            extract(epoch FROM clock_timestamp())
        );
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER events_of_batches AFTER UPDATE OF state ON batches FOR EACH ROW
    WHEN (NEW.state NOT IN ('receiving', 'cancelling') AND NEW.state != OLD.state)
    EXECUTE FUNCTION events_of_batches();
