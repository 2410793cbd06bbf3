package webhook

import (
	"slices"
	"strconv"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// The bounds of what is sent.
const (
	MaxWebhooks      = 50 // of a company
	maxURL           = 2000
	maxDescription   = 1000
	maxMembers       = 100
	maxMember        = len(account.CustomPrefix) + schema.MaxKeyName
	maxSequence      = 40
	maxKeepFormer    = 720
	keepFormerUnsaid = 24 // hours
)

// New is a webhook to create.
type New struct {
	Settings
	After patch.Field[int64] // the sequence to begin after
}

// Patch is the members of a webhook to change.
type Patch struct {
	Settings
	State patch.Field[State]
	ID    patch.Field[int64] // the echo of the webhook's id; it is checked, never written
}

// Settings are what both have.
type Settings struct {
	URL         patch.Field[string]
	Description patch.Field[string]
	Kinds       patch.Field[[]account.ChangeKind]
	Members     patch.Field[[]string]
	fault.Findings
}

// ParseNew reads the body of a request for a webhook.
func ParseNew(body any) New {
	r := patch.NewReader(body, "")
	r.Require("url")
	n := New{Settings: readSettings(r), After: patch.NotNull(r, "after", patch.Member(r, "after", readSequence))}
	n.Description = patch.NotNull(r, "description", n.Description)
	n.Found = r.Offences
	return n
}

// ParsePatch reads the body of a request to change one.
func ParsePatch(body any) Patch {
	r := patch.NewReader(body, "")
	p := Patch{
		Settings: readSettings(r),
		State:    patch.NotNull(r, "state", patch.Member(r, "state", patch.OneOf(States))),
		ID:       patch.NotNull(r, "id", patch.Member(r, "id", patch.ID)),
	}
	p.Found = r.Offences
	return p
}

func readSettings(r *patch.Reader) Settings {
	return Settings{
		URL:         patch.NotNull(r, "url", patch.Checked(r, "url", patch.Text, checkURL)),
		Description: patch.Checked(r, "description", patch.Text, checkDescription),
		Kinds:       patch.NotNull(r, "kinds", patch.Member(r, "kinds", readKinds)),
		Members:     patch.NotNull(r, "members", patch.Member(r, "members", readMembers)),
	}
}

// Replay says where a webhook goes on.
type Replay struct {
	After int64
	fault.Findings
}

// ParseReplay reads the body of a request to go on elsewhere.
func ParseReplay(body any) Replay {
	r := patch.NewReader(body, "")
	r.Require("after")
	replay := Replay{After: patch.Value(r, "after", readSequence)}
	replay.Found = r.Offences
	return replay
}

// Rotation says how a secret is rotated.
type Rotation struct {
	KeepFormerHours int64
	fault.Findings
}

// ParseRotation reads the body of a request for another secret; none was sent if it is nil.
func ParseRotation(body any) Rotation {
	rotation := Rotation{KeepFormerHours: keepFormerUnsaid}
	if body == nil {
		return rotation
	}
	r := patch.NewReader(body, "")
	if hours := patch.NotNull(r, "keepFormerHours", patch.Checked(r, "keepFormerHours", readHours, checkHours)); hours.IsSet() {
		rotation.KeepFormerHours = hours.Value
	}
	rotation.Found = r.Offences
	return rotation
}

// readHours takes how long a former secret is kept.
var readHours = patch.IntegerWithin(0, maxKeepFormer)

func checkHours(hours int64, _ string) (int64, string) {
	if hours < 0 || hours > maxKeepFormer {
		return 0, "must be an integer from 0 to " + strconv.Itoa(maxKeepFormer) + "; got " + strconv.FormatInt(hours, 10)
	}
	return hours, ""
}

func checkDescription(text, _ string) (string, string) {
	text = normal.Trim(text)
	return text, normal.CheckText(text, maxDescription)
}

func readKinds(r *patch.Reader, path []string, value any) ([]account.ChangeKind, bool) {
	kinds, ok := patch.ListOf(patch.OneOf(account.ChangeKinds))(r, path, value)
	if ok && (len(kinds) == 0 || len(kinds) > len(account.ChangeKinds)) {
		r.Offences.Add(path, "must have from 1 to %d items; got %d", len(account.ChangeKinds), len(kinds))
		return nil, false
	}
	slices.SortFunc(kinds, func(a, b account.ChangeKind) int {
		return slices.Index(account.ChangeKinds, a) - slices.Index(account.ChangeKinds, b)
	})
	return slices.Compact(kinds), ok
}

// readMembers takes names of members. Whether there are such is looked up later.
func readMembers(r *patch.Reader, path []string, value any) ([]string, bool) {
	names, ok := patch.ListOf(readMember)(r, path, value)
	if ok && len(names) > maxMembers {
		r.Offences.Add(path, "must have at most %d items; got %d", maxMembers, len(names))
		return nil, false
	}
	return names, ok
}

func readMember(r *patch.Reader, path []string, value any) (string, bool) {
	name, ok := patch.Text(r, path, value)
	if ok && (name == "" || len(name) > maxMember) {
		r.Offences.Add(path, "must have from 1 to %d characters", maxMember)
		return "", false
	}
	return name, ok
}

// readSequence takes a sequence as the feed writes it, with any number of zeros ahead.
func readSequence(r *patch.Reader, path []string, value any) (int64, bool) {
	text, ok := patch.Text(r, path, value)
	n, err := strconv.ParseInt(text, 10, 64)
	if ok && (err != nil || n < 0 || len(text) > maxSequence) {
		r.Offences.Add(path, "must %s; got %s", fault.BeSequence, fault.Quote(text))
		return 0, false
	}
	return n, ok
}
