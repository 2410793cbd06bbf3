package transfer_test

import (
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/transfer"
)

// No member is written with the escapes of HTML, and a text that looks like one
// stays.
func TestExportIsPlain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const text = `a & <b> \u0026`
	_, err := f.Intake.Create(t.Context(), f.actor, intake.CreateRequest{MatchBy: account.MatchNone, Patch: account.Patch{
		Title: patch.Set(text), Description: patch.Set(text), Address: patch.Set([]string{text}), PrimaryPhone: patch.Set(text),
		Custom: patch.Set(map[string]any{"text_false": text, "text_true": []any{text}}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	for format, want := range map[transfer.Format]string{transfer.CSV: text, transfer.NDJSON: `a & <b> \\u0026`} {
		if got := f.export(t, format); strings.Count(got, want) < 6 && format == transfer.NDJSON || strings.Contains(got, `\u003c`) {
			t.Errorf("%s: %s", format, got)
		}
	}
}
