-- The changes of the comparison, as functions that PostGraphile exposes as mutations.
CREATE SCHEMA IF NOT EXISTS bench_postgraphile;

CREATE OR REPLACE FUNCTION bench_postgraphile.note_make(
    company bigint, actor bigint, customer bigint, type bigint, subject text, details text, tags jsonb, assignees bigint[]
) RETURNS note LANGUAGE sql VOLATILE AS $$
    WITH made AS (
        INSERT INTO note (company_id, id, version, type_id, subject, details, status, priority, confidential,
            show_on_overview, tags, customer_id, user_id, message_count, created_on, updated_on, updated_by_id)
        VALUES (company, nextval('note_id'), 1, type, subject, details, 'open', false, false,
            false, tags, customer, actor, 0, now(), now(), actor)
        RETURNING *
    ), assigned AS (
        INSERT INTO assignment (company_id, note_id, user_id, position, created_on, assigned_by_id)
        SELECT company, made.id, k.value, k.position, now(), actor
        FROM made, unnest(assignees) WITH ORDINALITY AS k(value, position)
    ), told AS (
        INSERT INTO event (company_id, id, type, note_id, actor_id, created_on, changes)
        SELECT company, nextval('event_id'), 'created', made.id, actor, now(), '[]' FROM made
    )
    SELECT * FROM made
$$;

DROP FUNCTION IF EXISTS bench_postgraphile.note_change(bigint, bigint, bigint, text, boolean);
DROP TYPE IF EXISTS bench_postgraphile.note_changed;
CREATE TYPE bench_postgraphile.note_changed AS (
    id bigint, version integer, subject text, priority boolean, updated_on timestamptz, changed_fields text[]
);

CREATE FUNCTION bench_postgraphile.note_change(company bigint, actor bigint, note bigint, subject text, priority boolean)
RETURNS bench_postgraphile.note_changed LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    held public.note;
    changes jsonb := '[]';
    changed text[] := '{}';
BEGIN
    SELECT * INTO held FROM public.note n WHERE n.company_id = note_change.company AND n.id = note_change.note FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such note';
    END IF;
    IF held.subject IS DISTINCT FROM note_change.subject THEN
        changes := changes || jsonb_build_object('field', 'subject', 'old', held.subject, 'new', note_change.subject);
        changed := changed || 'subject'::text;
    END IF;
    IF held.priority <> note_change.priority THEN
        changes := changes || jsonb_build_object('field', 'priority', 'old', held.priority, 'new', note_change.priority);
        changed := changed || 'priority'::text;
    END IF;
    IF changed <> '{}' THEN
        UPDATE public.note n SET subject = note_change.subject, priority = note_change.priority,
            version = n.version + 1, updated_on = now(), updated_by_id = note_change.actor
        WHERE n.company_id = note_change.company AND n.id = note_change.note
        RETURNING * INTO held;
        INSERT INTO public.event (company_id, id, type, note_id, actor_id, created_on, changes)
        VALUES (note_change.company, nextval('event_id'), 'updated', note_change.note, note_change.actor, now(), changes);
    END IF;
    RETURN (held.id, held.version, held.subject, held.priority, held.updated_on, changed)::bench_postgraphile.note_changed;
END
$$;
