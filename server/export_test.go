package server

import "github.com/accountsd/accountsd/server/account"

// AppendAccount is what an answer shows of an account.
func AppendAccount(a account.Stored, former, contacts bool) []byte {
	return appendAccount(nil, &a, accountForm{former: former, contacts: contacts})
}

// Waiting is how many requests wait for changes.
func (s *Server) Waiting() int {
	s.waiters.mu.Lock()
	defer s.waiters.mu.Unlock()
	return s.waiters.all
}
