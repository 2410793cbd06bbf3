package postgres

import "context"

// Index hands texts to the index of words, and if it is to be thorough also those whole of
// which parts have changed.
func (s *Store) Index(ctx context.Context, thorough bool) error {
	i := indexer{store: s}
	hand := []string{handTexts}
	if thorough {
		hand = append(hand, handWhole)
	}
	for _, text := range hand {
		if _, _, err := i.handMany(ctx, text, textID{}, mergedAtOnce); err != nil {
			return err
		}
	}
	for _, text := range []string{mergeTexts, mergeParts} {
		if err := i.exec(ctx, text); err != nil {
			return err
		}
	}
	return nil
}
