package records

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/webhook"
)

// millis is a time that something took, in whole milliseconds.
type millis time.Duration

// Bind writes what is stored.
func (m millis) Bind(p db.Parameter) error {
	p.Int(time.Duration(m).Milliseconds())
	return nil
}

// Read reads what Bind stores.
func (m *millis) Read(c db.Column) error {
	n, err := c.Int()
	*m = millis(time.Duration(n) * time.Millisecond)
	return err
}

// placed is a delivery in one of the places of its webhook.
type placed struct {
	webhook.Delivery
	ref   webhook.Ref
	place int64
}

var (
	placedDeliveries = db.NewTable(func(d *placed) []any {
		return []any{
			"company_id", &d.ref.CompanyID, "webhook_id", &d.ref.ID, "place", &d.place, "number", &d.Number, "message_id", &d.MessageID,
			"sequence", &d.Sequence, "account_id", &d.AccountID, "at", (*db.Time)(&d.At), "took_ms", (*millis)(&d.Took),
			"status", &d.Status, "failure", (*string)(&d.Failure), "answer", &d.Text,
		}
	})
	selectDeliveries = db.Statement{Thing: "deliveries", Text: `SELECT ` + placedDeliveries.List("") + ` FROM webhook_deliveries
WHERE company_id = ? AND webhook_id = ? ORDER BY number DESC LIMIT ?`}
	saveDelivery = db.Statement{Thing: "delivery", Text: placedDeliveries.Upsert("webhook_deliveries", "company_id", "webhook_id", "place")}
	addRequests  = db.Statement{Thing: "webhook", Text: `UPDATE webhooks SET requests = requests + ? WHERE company_id = ? AND id = ? RETURNING requests`}
)

// Deliveries returns the deliveries of a webhook that are kept, the latest first.
func (r Reader) Deliveries(ctx context.Context, companyID, id int64, limit int) ([]webhook.Delivery, error) {
	return db.Collect(ctx, r.Session, selectDeliveries, []any{companyID, id, limit}, func(row *db.Row) (webhook.Delivery, error) {
		d, err := placedDeliveries.Scan(row)
		return d.Delivery, err
	})
}

// AddDeliveries adds deliveries in the places of the oldest ones.
func (t *Tx) AddDeliveries(ctx context.Context, ref webhook.Ref, deliveries []webhook.Delivery) error {
	if len(deliveries) == 0 {
		return nil
	}
	var last int64
	if err := t.Session.Get(ctx, addRequests, []any{len(deliveries), ref.CompanyID, ref.ID}, &last); err != nil {
		return err
	}
	rows := make([]placed, len(deliveries))
	for i := range deliveries {
		deliveries[i].Number = last - int64(len(deliveries)-1-i)
		rows[i] = placed{deliveries[i], ref, deliveries[i].Number % webhook.KeptDeliveries}
	}
	_, err := t.Session.RunAll(ctx, saveDelivery, placedDeliveries.All(rows))
	return err
}
