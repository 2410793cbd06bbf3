package account

import "context"

// Changes returns the changes of the company's accounts with sequences above
// after, in the order in which they took effect, at most limit.
func (s *Service) Changes(ctx context.Context, actor Actor, after int64, limit int) ([]HistoryEntry, error) {
	return s.store.Changes(ctx, actor.CompanyID, after, limit)
}

// AccountChanges returns the changes of an account with sequences below before,
// or all if that is 0, the latest first, at most limit. A deleted account
// keeps its changes. KindNotFound if the company never had the account.
func (s *Service) AccountChanges(ctx context.Context, actor Actor, id, before int64, limit int) ([]HistoryEntry, error) {
	entries, err := s.store.History(ctx, actor.CompanyID, id, before, limit)
	if err != nil || len(entries) > 0 {
		return entries, err
	}
	if before != 0 {
		if all, err := s.store.History(ctx, actor.CompanyID, id, 0, 1); err != nil || len(all) > 0 {
			return nil, err
		}
	}
	_, err = s.store.Account(ctx, actor.CompanyID, id)
	return nil, err
}
