-- The settings under which the shop counts: currency, zone, when its days, weeks and years begin. Each row holds all of
-- them as a JSON object and is in force from the event after `position` on, until the next row.
CREATE TABLE shop_settings (
    revision    INTEGER PRIMARY KEY,
    position    INTEGER NOT NULL,
    recorded_at TEXT    NOT NULL, -- RFC 3339
    actor       TEXT    NOT NULL,
    program     TEXT    NOT NULL,
    settings    TEXT    NOT NULL
) STRICT;

CREATE TRIGGER shop_settings_refuse_update BEFORE UPDATE ON shop_settings
BEGIN
    SELECT raise(ABORT, 'UPDATE of shop_settings refused: what the shop counted by never changes; record a new row');
END;

CREATE TRIGGER shop_settings_refuse_delete BEFORE DELETE ON shop_settings
BEGIN
    SELECT raise(ABORT, 'DELETE of shop_settings refused: what the shop counted by never changes; record a new row');
END;

-- INSERT OR REPLACE deletes without firing the trigger above.
CREATE TRIGGER shop_settings_refuse_replace BEFORE INSERT ON shop_settings
WHEN EXISTS (SELECT 1 FROM shop_settings WHERE revision = NEW.revision)
BEGIN
    SELECT raise(ABORT, 'INSERT over a row of shop_settings refused: record a new row');
END;
