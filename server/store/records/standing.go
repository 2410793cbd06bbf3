package records

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/webhook"
)

// Standing is what an operator wants to know of all records.
type Standing struct {
	Companies    int64
	WithoutAdmin int64     // companies in which nobody may do all
	WithoutKey   int64     // companies without a valid key
	LastWrite    time.Time // of an account; zero: there was none
	Building     int       // properties whose index is being built
	Webhooks     webhook.Standing
}

var selectStanding = db.Statement{Thing: "standing", Text: `SELECT count(*),
	count(CASE WHEN NOT EXISTS (SELECT 1 FROM users u WHERE u.company_id = c.id AND u.admin AND u.disabled_at IS NULL) THEN 1 END),
	count(CASE WHEN NOT EXISTS (SELECT 1 FROM api_keys k JOIN users u ON u.id = k.user_id
		WHERE k.company_id = c.id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?) AND u.disabled_at IS NULL) THEN 1 END),
	max((SELECT at FROM changes h WHERE h.company_id = c.id AND h.sequence = c.last_sequence))
FROM companies c`}

// Standing returns how the records stand at a time.
func (r Reader) Standing(ctx context.Context, now time.Time) (Standing, error) {
	var s Standing
	err := r.Session.Get(ctx, selectStanding, []any{db.Time(now)}, &s.Companies, &s.WithoutAdmin, &s.WithoutKey, (*db.OptionalTime)(&s.LastWrite))
	if err != nil {
		return s, err
	}
	building, err := r.BuildingProperties(ctx)
	if err != nil {
		return s, err
	}
	s.Building = len(building)
	s.Webhooks, err = r.WebhookStanding(ctx)
	return s, err
}
