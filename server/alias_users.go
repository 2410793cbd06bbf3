package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/oapi-codegen/nullable"
	"github.com/oapi-codegen/runtime/types"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/alias"
)

// admitAlias counts a call of the alias, and names to its user when the alias
// will end. It refuses the call if it has, and tells whether to go on. It stands
// behind authentication, since users move one by one, and before everything
// that could answer by itself.
func (s *Server) admitAlias(c *gin.Context, op *operation) bool {
	ctx := c.Request.Context()
	if !isAlias(ctx) {
		return true
	}
	verdict, err := s.Alias.Use(ctx, actorOf(ctx), op.name, c.Request.UserAgent())
	if err != nil {
		s.fail(c, fmt.Errorf("look up the user's migration: %w", err))
		return false
	}
	if !verdict.Sunset.IsZero() {
		c.Header("Sunset", verdict.Sunset.UTC().Format(http.TimeFormat))
	}
	if verdict.Closed {
		reference := successor(publicURL(c.Request))
		s.fail(c, &problem{
			status:    http.StatusGone,
			code:      api.ProblemCodeGone,
			detail:    fmt.Sprintf("/clients is closed for you; use %s instead", reference),
			successor: reference,
		})
	}
	return !verdict.Closed
}

// ListAliasMigrations answers GET /alias-migrations.
func (s *Server) ListAliasMigrations(ctx context.Context, req apiserver.ListAliasMigrationsRequestObject) (apiserver.ListAliasMigrationsResponseObject, error) {
	p := req.Params
	size := pageSize(p.PageSize)
	q := alias.Query{Limit: size + 1, After: valueOf(p.After), State: alias.State(valueOf(p.State))} // One more tells whether there is another page.
	reports, err := s.Alias.Migrations(ctx, actorOf(ctx), q)
	if err != nil {
		return nil, err
	}
	reports, link := cutAfter(ctx, size, reports, "after", func(r alias.Report) string { return strconv.FormatInt(r.User.ID, 10) })
	return apiserver.ListAliasMigrations200JSONResponse{AliasMigrationListJSONResponse: apiserver.AliasMigrationListJSONResponse{
		Body: convertAll(reports, ToAPIAliasMigration), Headers: apiserver.AliasMigrationListResponseHeaders{Link: link},
	}}, nil
}

// GetAliasMigration answers GET /alias-migrations/{userId}.
func (s *Server) GetAliasMigration(ctx context.Context, req apiserver.GetAliasMigrationRequestObject) (apiserver.GetAliasMigrationResponseObject, error) {
	r, err := s.Alias.Migration(ctx, actorOf(ctx), req.UserID)
	if err != nil {
		return nil, err
	}
	return apiserver.GetAliasMigration200JSONResponse{AliasMigrationJSONResponse: aliasMigration(r)}, nil
}

// GetOwnAliasMigration answers GET /alias-migrations/me.
func (s *Server) GetOwnAliasMigration(ctx context.Context, _ apiserver.GetOwnAliasMigrationRequestObject) (apiserver.GetOwnAliasMigrationResponseObject, error) {
	actor := actorOf(ctx)
	r, err := s.Alias.Migration(ctx, actor, actor.User.ID)
	if err != nil {
		return nil, err
	}
	return apiserver.GetOwnAliasMigration200JSONResponse{AliasMigrationJSONResponse: aliasMigration(r)}, nil
}

// NotifyAliasUser answers POST /alias-migrations/{userId}/notify.
func (s *Server) NotifyAliasUser(ctx context.Context, req apiserver.NotifyAliasUserRequestObject) (apiserver.NotifyAliasUserResponseObject, error) {
	r, err := s.Alias.Notify(ctx, actorOf(ctx), req.UserID, sentBody[alias.Notice](ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.NotifyAliasUser200JSONResponse{AliasMigrationJSONResponse: aliasMigration(r)}, nil
}

// MigrateAliasUser answers POST /alias-migrations/{userId}/migrate.
func (s *Server) MigrateAliasUser(ctx context.Context, req apiserver.MigrateAliasUserRequestObject) (apiserver.MigrateAliasUserResponseObject, error) {
	r, err := s.Alias.Migrate(ctx, actorOf(ctx), req.UserID, isTrue(req.Params.Force))
	if err != nil {
		return nil, err
	}
	return apiserver.MigrateAliasUser200JSONResponse{AliasMigrationJSONResponse: aliasMigration(r)}, nil
}

// RollBackAliasUser answers POST /alias-migrations/{userId}/rollback.
func (s *Server) RollBackAliasUser(ctx context.Context, req apiserver.RollBackAliasUserRequestObject) (apiserver.RollBackAliasUserResponseObject, error) {
	r, err := s.Alias.RollBack(ctx, actorOf(ctx), req.UserID)
	if err != nil {
		return nil, err
	}
	return apiserver.RollBackAliasUser200JSONResponse{AliasMigrationJSONResponse: aliasMigration(r)}, nil
}

// RehearseAliasMigration answers POST /alias-migrations/{userId}/rehearse.
func (s *Server) RehearseAliasMigration(ctx context.Context, req apiserver.RehearseAliasMigrationRequestObject) (apiserver.RehearseAliasMigrationResponseObject, error) {
	r, err := s.Alias.Rehearse(ctx, actorOf(ctx), req.UserID, sentBody[alias.NewRehearsal](ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.RehearseAliasMigration200JSONResponse{AliasMigrationJSONResponse: aliasMigration(r)}, nil
}

// aliasMigration is the answer with the report of one user.
func aliasMigration(r alias.Report) apiserver.AliasMigrationJSONResponse {
	body := ToAPIAliasMigration(r)
	operations, steps := convertAll(r.Operations, toAPIAliasOperation), convertAll(r.Steps, toAPIAliasStep)
	body.Operations, body.Steps = &operations, &steps
	return apiserver.AliasMigrationJSONResponse{Body: body}
}

func (s *Server) refuseNotice(r request, n alias.Notice) error {
	_, err := s.Alias.Notify(r, r.actor, r.id("userId"), n)
	return err
}

func (s *Server) refuseRehearsal(r request, n alias.NewRehearsal) error {
	_, err := s.Alias.Rehearse(r, r.actor, r.id("userId"), n)
	return err
}

// ToAPIAliasMigration converts a report, without what only a report of one user
// shows.
func ToAPIAliasMigration(r alias.Report) api.AliasMigration {
	body := api.AliasMigration{
		UserID:      r.User.ID,
		Email:       r.User.Email,
		FirstName:   r.User.FirstName,
		LastName:    r.User.LastName,
		State:       api.AliasState(r.State),
		Sunset:      timeOrNull(r.Sunset),
		NotifiedAt:  timeOrNull(r.NotifiedAt),
		Mail:        nullable.NewNullNullable[api.AliasMail](),
		MigratedAt:  timeOrNull(r.MigratedAt),
		FirstCallAt: timeOrNull(r.First),
		LastCallAt:  timeOrNull(r.Last),
		DaysQuiet:   nullable.NewNullNullable[int](),
		Calls: api.AliasCalls{
			Today: r.Calls.Today, Last7Days: r.Calls.Week, Last30Days: r.Calls.Month, RefusedLast30Days: r.Calls.Refused,
		},
		CallsByDay: convertAll(r.Days, func(d alias.Day) api.AliasDay {
			return api.AliasDay{Day: types.Date{Time: d.Start}, Calls: d.Calls, Refused: d.Refused}
		}),
		Keys: convertAll(r.Keys, toAPIAliasKey),
		UserAgents: convertAll(r.Agents, func(a alias.AgentUse) api.AliasAgentUse {
			return api.AliasAgentUse{UserAgent: a.Name, Calls: a.Calls, LastCallAt: timestamp.Of(a.Last)}
		}),
		Leniencies: convertAll(r.Leniencies, func(l alias.LeniencyUse) api.AliasLeniency {
			return api.AliasLeniency{Name: l.Name, Calls: l.Calls, LastCallAt: timestamp.Of(l.Last), Keys: convertAll(l.Keys, toAPIAliasKey)}
		}),
		Rehearsals: convertAll(r.Rehearsals, toAPIAliasRehearsal),
	}
	if mail := toAPIAliasMail(r.Mail); mail != nil {
		body.Mail.Set(*mail)
	}
	if r.Quiet >= 0 {
		body.DaysQuiet.Set(r.Quiet)
	}
	return body
}

func toAPIAliasKey(k alias.KeyUse) api.AliasKeyUse {
	return api.AliasKeyUse{KeyID: k.ID, Name: k.Name, Prefix: k.Prefix, Calls: k.Calls, LastCallAt: timestamp.Of(k.Last)}
}

func toAPIAliasOperation(o alias.OperationUse) api.AliasOperationUse {
	return api.AliasOperationUse{
		Method: o.Method, Path: o.Path, Successor: o.Successor,
		Calls: o.Calls, Refused: o.Refused, LastCallAt: timestamp.Of(o.Last),
	}
}

func toAPIAliasStep(s alias.Step) api.AliasStep {
	step := api.AliasStep{Kind: api.AliasStepKind(s.Kind), At: timestamp.Of(s.At), By: nullable.NewNullableWithValue(api.Actor{
		UserID: orNull(s.ByUser), KeyID: orNull(s.ByKey), Email: orNull(s.ByEmail),
	})}
	switch s.Kind {
	case alias.StepNotified:
		step.Message = &s.Message
		if !s.Sunset.IsZero() {
			step.Sunset = new(timestamp.Of(s.Sunset))
		}
		step.Mail = toAPIAliasMail(s.Mail)
	case alias.StepRehearsed:
		step.Rehearsal = new(toAPIAliasRehearsal(*s.Rehearsal))
	case alias.StepMigrated:
		step.Forced = &s.Forced
	case alias.StepRolledBack:
		step.BackTo = new(api.AliasState(s.BackTo))
	}
	return step
}

func toAPIAliasMail(m *alias.Mail) *api.AliasMail {
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

func toAPIAliasRehearsal(r alias.Rehearsal) api.AliasRehearsal {
	return api.AliasRehearsal{KeyID: orNull(r.KeyID), From: timestamp.Of(r.From), Until: timestamp.Of(r.Until)}
}
