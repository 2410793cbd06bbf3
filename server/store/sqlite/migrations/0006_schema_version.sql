-- How often a company's properties and their options have changed, so that what
-- is remembered of them can be checked in a transaction.
ALTER TABLE companies ADD COLUMN schema_version INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER property_inserted AFTER INSERT ON properties BEGIN
    UPDATE companies SET schema_version = schema_version + 1 WHERE id = new.company_id;
END;

CREATE TRIGGER property_updated AFTER UPDATE ON properties BEGIN
    UPDATE companies SET schema_version = schema_version + 1 WHERE id = new.company_id;
END;

CREATE TRIGGER property_deleted AFTER DELETE ON properties BEGIN
    UPDATE companies SET schema_version = schema_version + 1 WHERE id = old.company_id;
END;

CREATE TRIGGER option_inserted AFTER INSERT ON property_options BEGIN
    UPDATE companies SET schema_version = schema_version + 1
    WHERE id = (SELECT company_id FROM properties WHERE id = new.property_id);
END;

CREATE TRIGGER option_deleted AFTER DELETE ON property_options BEGIN
    UPDATE companies SET schema_version = schema_version + 1
    WHERE id = (SELECT company_id FROM properties WHERE id = old.property_id);
END;
