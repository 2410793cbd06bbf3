package account

import (
	"context"
	"fmt"
)

// exportPage is how many accounts an export reads at a time. Between pages it
// holds nothing of the store, however slowly they are taken.
const exportPage = 500

// Export calls take for each account of a company in the order of ids, each as
// it is when its page is read. While others write, every account that was there
// at the start and stays comes exactly once; a later one may or may not. An
// error of take ends the export and is returned.
func (s *Service) Export(ctx context.Context, companyID int64, includeArchived bool, take func(Account) error) error {
	after := int64(0)
	for {
		page, err := s.store.AccountsByID(ctx, companyID, after, exportPage)
		if err != nil {
			return fmt.Errorf("load accounts: %w", err)
		}
		for _, a := range page {
			if !a.Active && !includeArchived {
				continue
			}
			if err := take(a); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
		after = page[len(page)-1].ID
	}
}
