-- The settings under which the shop counts: currency, zone, when its days, weeks and years begin. Each row holds all of
-- them as a JSON object and is in force from the event after `position` on, until the next row.
CREATE TABLE shop_settings (
    revision    bigint PRIMARY KEY,
    position    bigint NOT NULL,
    recorded_at text   NOT NULL, -- RFC 3339
    actor       text   NOT NULL,
    program     text   NOT NULL,
    settings    text   NOT NULL
);

CREATE FUNCTION refuse_to_change_shop_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of shop_settings refused: what the shop counted by never changes; record a new row', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER shop_settings_are_immutable
    BEFORE UPDATE OR DELETE OR TRUNCATE ON shop_settings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_shop_settings();

ALTER TABLE shop_settings ENABLE ALWAYS TRIGGER shop_settings_are_immutable;
