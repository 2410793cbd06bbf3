package history

// step tells whether an operation can end as it did if it takes effect on an
// account, and what the account is then. It changes only what it returns.
func step(a Account, o Operation) (bool, Account) {
	if o.Outcome == Void {
		return true, a
	}
	after := a
	switch o.Kind {
	case Create:
		if made := a.Version == 0; made != (o.Outcome == Made) && o.Outcome != Unknown {
			return false, a
		} else if made {
			after = created(o.Patch)
		}
	case Update:
		if a.Version == 0 {
			return o.Outcome == Unknown, a // It was for an account that it knew.
		}
		if o.IfMatch != 0 && o.IfMatch != a.Version {
			return o.Outcome == Refused || o.Outcome == Unknown, a
		}
		after = a.updated(o.Patch)
	}
	if o.Outcome == Unknown {
		return true, after
	}
	if o.Outcome == Refused {
		return false, a
	}
	return after.learn(o.Seen)
}

// created is an account as it is made. Which id it gets, and who is linked to it,
// the first one tells who sees it.
func created(p Patch) Account {
	return Account{Version: 1, Members: [members]string{Contacts: Anything}}.with(p)
}

// updated is the account after a write, which is none if it changes nothing.
func (a Account) updated(p Patch) Account {
	after := a.with(p)
	if after != a {
		after.Version++
	}
	return after
}

func (a Account) with(p Patch) Account {
	for member, value := range p {
		a.Members[member] = value
	}
	return a
}

// learn tells whether an answer shows the account, and fills in what was not known
// of it.
func (a Account) learn(seen Account) (bool, Account) {
	if a.Version == 0 || seen.Version != 0 && seen.Version != a.Version || a.ID != 0 && seen.ID != a.ID {
		return false, a
	}
	a.ID = seen.ID
	for member, value := range seen.Members {
		if a.Members[member] == Anything {
			a.Members[member] = value
		}
		if value != a.Members[member] && value != Anything {
			return false, a
		}
	}
	return true, a
}
