package account

// listChunk is how many records listByID reads at once on its way to a page.
const listChunk = 500

// listByID returns a page of a list that is read in the order of ids. A page
// that does not start behind an id is walked to, so this is for lists that stay
// short: the users and keys of a company.
func listByID[T any](page Page, id func(T) int64, read func(after int64, limit int) ([]T, error)) ([]T, error) {
	if page.After != nil {
		return read(page.After.ID, page.Limit)
	}
	kept := []T{}
	skipped, after := int64(0), int64(0)
	for {
		chunk, err := read(after, listChunk)
		if err != nil {
			return nil, err
		}
		for _, item := range chunk {
			after = id(item)
			switch {
			case page.Before != nil && after >= page.Before.ID:
				return kept, nil
			case skipped < page.Offset:
				skipped++
			case page.Before != nil && len(kept) == page.Limit:
				kept = append(kept[1:], item)
			default:
				kept = append(kept, item)
			}
			if page.Before == nil && len(kept) == page.Limit {
				return kept, nil
			}
		}
		if len(chunk) < listChunk {
			return kept, nil
		}
	}
}
