package intake

import (
	"strconv"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
)

// BatchRequest is a batch as it is sent: of updates, or else of items.
type BatchRequest struct {
	account.BatchRequest
	Items []Item // in place of updates: see BatchItems
}

// ParseBatch reads the body of a batch, as it was decoded from JSON. What is
// wrong is among the findings, with what is wrong with each update or item.
func (s *Service) ParseBatch(body any) BatchRequest {
	object, _ := body.(map[string]any)
	if _, hasItems := object["items"]; !hasItems {
		return BatchRequest{BatchRequest: account.ParseBatch(body, s.region)}
	}
	r := patch.NewReader(body, s.region)
	if _, hasUpdates := object["updates"]; hasUpdates {
		r.Offences.Add([]string{"items"}, "%s", "cannot be sent beside updates; send one of them")
	}
	req := BatchRequest{Items: patch.Each(r, "items", s.parseItem)}
	req.Found = r.Offences
	return req
}

// Divide leaves the offences that are of single items to these, and returns the others.
func (r BatchRequest) Divide(found fault.Offences) (others fault.Offences) {
	for _, offence := range found {
		if i, ok := r.itemOf(offence); ok {
			r.Items[i].Found.Append(offence.Within(2))
		} else {
			others.Append(offence)
		}
	}
	return others
}

// itemOf returns the index of the item in which an offence is, if it is in one.
func (r BatchRequest) itemOf(offence fault.Offence) (int, bool) {
	if offence.In != fault.InBody || len(offence.Path) < 3 || offence.Path[0] != "items" {
		return 0, false
	}
	i, err := strconv.Atoi(offence.Path[1])
	return i, err == nil && i < len(r.Items)
}
