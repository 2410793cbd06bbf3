package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
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
	verdict, err := s.accounts.UseAlias(ctx, actorOf(ctx), op.name, c.Request.UserAgent())
	if err != nil {
		s.fail(c, fmt.Errorf("look up the user's migration: %w", err))
		return false
	}
	if !verdict.Sunset.IsZero() {
		c.Header("Sunset", verdict.Sunset.UTC().Format(http.TimeFormat))
	}
	if verdict.Closed {
		reference := successor(c.Request.URL)
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
	size, p := defaultPageSize, req.Params
	if p.PageSize != nil {
		size = *p.PageSize
	}
	q := account.AliasQuery{Limit: size + 1} // One more tells whether there is another page.
	if p.After != nil {
		q.After = *p.After
	}
	if p.State != nil {
		q.State = account.AliasState(*p.State)
	}
	reports, err := s.accounts.AliasMigrations(ctx, actorOf(ctx), q)
	if err != nil {
		return nil, err
	}
	var link *string
	if len(reports) > size {
		reports = reports[:size]
		last := strconv.FormatInt(reports[size-1].User.ID, 10)
		link = linkHeader(ctx, linkTo(requestURL(ctx), "next", "after", last))
	}
	body := make(api.AliasMigrationList, len(reports))
	for i, r := range reports {
		body[i] = ToAPIAliasMigration(r)
	}
	return apiserver.ListAliasMigrations200JSONResponse{AliasMigrationListJSONResponse: apiserver.AliasMigrationListJSONResponse{
		Body: body, Headers: apiserver.AliasMigrationListResponseHeaders{Link: link},
	}}, nil
}

// GetAliasMigration answers GET /alias-migrations/{userId}.
func (s *Server) GetAliasMigration(ctx context.Context, req apiserver.GetAliasMigrationRequestObject) (apiserver.GetAliasMigrationResponseObject, error) {
	r, err := s.accounts.AliasMigration(ctx, actorOf(ctx), req.UserID)
	if err != nil {
		return nil, err
	}
	return apiserver.GetAliasMigration200JSONResponse{AliasMigrationJSONResponse: aliasMigration(r)}, nil
}

// GetOwnAliasMigration answers GET /alias-migrations/me.
func (s *Server) GetOwnAliasMigration(ctx context.Context, _ apiserver.GetOwnAliasMigrationRequestObject) (apiserver.GetOwnAliasMigrationResponseObject, error) {
	actor := actorOf(ctx)
	r, err := s.accounts.AliasMigration(ctx, actor, actor.User.ID)
	if err != nil {
		return nil, err
	}
	return apiserver.GetOwnAliasMigration200JSONResponse{AliasMigrationJSONResponse: aliasMigration(r)}, nil
}

// NotifyAliasUser answers POST /alias-migrations/{userId}/notify.
func (s *Server) NotifyAliasUser(ctx context.Context, req apiserver.NotifyAliasUserRequestObject) (apiserver.NotifyAliasUserResponseObject, error) {
	r, err := s.accounts.NotifyAliasUser(ctx, actorOf(ctx), req.UserID, FromAPIAliasNotice(*req.Body))
	if err != nil {
		return nil, err
	}
	return apiserver.NotifyAliasUser200JSONResponse{AliasMigrationJSONResponse: aliasMigration(r)}, nil
}

// MigrateAliasUser answers POST /alias-migrations/{userId}/migrate.
func (s *Server) MigrateAliasUser(ctx context.Context, req apiserver.MigrateAliasUserRequestObject) (apiserver.MigrateAliasUserResponseObject, error) {
	r, err := s.accounts.MigrateAliasUser(ctx, actorOf(ctx), req.UserID, isTrue(req.Params.Force))
	if err != nil {
		return nil, err
	}
	return apiserver.MigrateAliasUser200JSONResponse{AliasMigrationJSONResponse: aliasMigration(r)}, nil
}

// RollBackAliasUser answers POST /alias-migrations/{userId}/rollback.
func (s *Server) RollBackAliasUser(ctx context.Context, req apiserver.RollBackAliasUserRequestObject) (apiserver.RollBackAliasUserResponseObject, error) {
	r, err := s.accounts.RollBackAliasUser(ctx, actorOf(ctx), req.UserID)
	if err != nil {
		return nil, err
	}
	return apiserver.RollBackAliasUser200JSONResponse{AliasMigrationJSONResponse: aliasMigration(r)}, nil
}

// RehearseAliasMigration answers POST /alias-migrations/{userId}/rehearse.
func (s *Server) RehearseAliasMigration(ctx context.Context, req apiserver.RehearseAliasMigrationRequestObject) (apiserver.RehearseAliasMigrationResponseObject, error) {
	r, err := s.accounts.RehearseAlias(ctx, actorOf(ctx), req.UserID, FromAPIAliasRehearsal(*req.Body))
	if err != nil {
		return nil, err
	}
	return apiserver.RehearseAliasMigration200JSONResponse{AliasMigrationJSONResponse: aliasMigration(r)}, nil
}

// aliasMigration is the answer with the report of one user.
func aliasMigration(r account.AliasReport) apiserver.AliasMigrationJSONResponse {
	body := ToAPIAliasMigration(r)
	operations, steps := toAPIAliasOperations(r.Operations), toAPIAliasSteps(r.Steps)
	body.Operations, body.Steps = &operations, &steps
	return apiserver.AliasMigrationJSONResponse{Body: body}
}
