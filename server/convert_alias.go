package server

import (
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
)

// FromAPIAliasNotice converts a validated notice.
func FromAPIAliasNotice(body api.AliasNotice) account.AliasNotice {
	n := account.AliasNotice{Message: body.Message}
	switch sunset := fromNullable(body.Sunset); {
	case sunset.IsNull():
		n.Sunset = account.Null[time.Time]()
	case !sunset.IsAbsent():
		n.Sunset = account.Set(sunset.Value.Time)
	}
	return n
}

// FromAPIAliasRehearsal converts a validated rehearsal.
func FromAPIAliasRehearsal(body api.AliasRehearsalRequest) account.Rehearsal {
	r := account.Rehearsal{Until: body.Until.Time}
	if body.From != nil {
		r.From = body.From.Time
	}
	if body.KeyID != nil {
		r.KeyID = *body.KeyID
	}
	return r
}

// ToAPIAliasMigration converts a report, without what only a report of one user
// shows.
func ToAPIAliasMigration(r account.AliasReport) api.AliasMigration {
	body := api.AliasMigration{
		UserID:      r.User.ID,
		Email:       r.User.Email,
		FirstName:   textOrNull(r.User.FirstName),
		LastName:    textOrNull(r.User.LastName),
		State:       api.AliasState(r.State),
		Sunset:      timeOrNull(r.Sunset),
		NotifiedAt:  timeOrNull(r.NotifiedAt),
		MigratedAt:  timeOrNull(r.MigratedAt),
		FirstCallAt: timeOrNull(r.First),
		LastCallAt:  timeOrNull(r.Last),
		DaysQuiet:   nullable.NewNullNullable[int](),
		Calls: api.AliasCalls{
			Today: r.Calls.Today, Last7Days: r.Calls.Week, Last30Days: r.Calls.Month, RefusedLast30Days: r.Calls.Refused,
		},
		Keys:       make([]api.AliasKeyUse, len(r.Keys)),
		UserAgents: make([]api.AliasAgentUse, len(r.Agents)),
		Rehearsals: make([]api.AliasRehearsal, len(r.Rehearsals)),
	}
	if r.Quiet >= 0 {
		body.DaysQuiet.Set(r.Quiet)
	}
	for i, k := range r.Keys {
		body.Keys[i] = api.AliasKeyUse{KeyID: k.ID, Name: k.Name, Prefix: k.Prefix, Calls: k.Calls, LastCallAt: timestamp.Of(k.Last)}
	}
	for i, a := range r.Agents {
		body.UserAgents[i] = api.AliasAgentUse{UserAgent: a.Name, Calls: a.Calls, LastCallAt: timestamp.Of(a.Last)}
	}
	for i, rehearsal := range r.Rehearsals {
		body.Rehearsals[i] = toAPIAliasRehearsal(rehearsal)
	}
	return body
}

func toAPIAliasOperations(operations []account.AliasOperationUse) []api.AliasOperationUse {
	list := make([]api.AliasOperationUse, len(operations))
	for i, o := range operations {
		list[i] = api.AliasOperationUse{
			Method: o.Method, Path: o.Path, Successor: o.Successor,
			Calls: o.Calls, Refused: o.Refused, LastCallAt: timestamp.Of(o.Last),
		}
	}
	return list
}

func toAPIAliasSteps(steps []account.AliasStep) []api.AliasStep {
	list := make([]api.AliasStep, len(steps))
	for i, s := range steps {
		list[i] = toAPIAliasStep(s)
	}
	return list
}

func toAPIAliasStep(s account.AliasStep) api.AliasStep {
	step := api.AliasStep{Kind: api.AliasStepKind(s.Kind), At: timestamp.Of(s.At), By: nullable.NewNullableWithValue(api.Actor{
		UserID: idOrNull(s.ByUser), KeyID: idOrNull(s.ByKey), Email: textOrNull(s.ByEmail),
	})}
	switch s.Kind {
	case account.StepNotified:
		step.Message = &s.Message
		if !s.Sunset.IsZero() {
			sunset := timestamp.Of(s.Sunset)
			step.Sunset = &sunset
		}
		step.Mail = toAPIAliasMail(s.Mail)
	case account.StepRehearsed:
		rehearsal := toAPIAliasRehearsal(*s.Rehearsal)
		step.Rehearsal = &rehearsal
	case account.StepMigrated:
		step.Forced = &s.Forced
	case account.StepRolledBack:
		state := api.AliasState(s.BackTo)
		step.BackTo = &state
	}
	return step
}

func toAPIAliasMail(m *account.Mail) *api.AliasMail {
	if m == nil {
		return nil
	}
	mail := &api.AliasMail{
		State: api.AliasMailState(m.State), Attempts: m.Attempts,
		SentAt: timeOrNull(m.SentAt), NextAttemptAt: timeOrNull(m.NextAttempt),
		LastError: nullable.NewNullNullable[api.AliasMailError](),
	}
	if m.Failure != "" {
		mail.LastError.Set(api.AliasMailError(m.Failure))
	}
	return mail
}

func toAPIAliasRehearsal(r account.Rehearsal) api.AliasRehearsal {
	return api.AliasRehearsal{KeyID: idOrNull(r.KeyID), From: timestamp.Of(r.From), Until: timestamp.Of(r.Until)}
}
