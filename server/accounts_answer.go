package server

import (
	"net/http"
	"sync"

	"github.com/accountsd/accountsd/server/account"
)

// The successful answers that show accounts, in place of the generated types.
type (
	// GetAccount200Response shows an account.
	GetAccount200Response struct{ accountsAnswer }
	// GetAccountBy200Response shows an account that was found by a key.
	GetAccountBy200Response struct{ accountsAnswer }
	// UpdateAccount200Response shows an account as it is after an update.
	UpdateAccount200Response struct{ accountsAnswer }
	// CreateAccount200Response shows an account that was found.
	CreateAccount200Response struct{ accountsAnswer }
	// CreateAccount201Response shows an account that was created.
	CreateAccount201Response struct{ accountsAnswer }
	// BatchUpdateAccounts200Response shows the accounts of a batch.
	BatchUpdateAccounts200Response struct{ accountsAnswer }
	// ListAccounts200Response shows a page of accounts.
	ListAccounts200Response struct{ accountsAnswer }
	// SearchAccounts200Response shows a page of the accounts that were found.
	SearchAccounts200Response struct{ accountsAnswer }
)

// VisitGetAccountResponse sends the answer.
func (a GetAccount200Response) VisitGetAccountResponse(w http.ResponseWriter) error {
	return a.send(w, http.StatusOK)
}

// VisitGetAccountByResponse sends the answer.
func (a GetAccountBy200Response) VisitGetAccountByResponse(w http.ResponseWriter) error {
	return a.send(w, http.StatusOK)
}

// VisitUpdateAccountResponse sends the answer.
func (a UpdateAccount200Response) VisitUpdateAccountResponse(w http.ResponseWriter) error {
	return a.send(w, http.StatusOK)
}

// VisitCreateAccountResponse sends the answer.
func (a CreateAccount200Response) VisitCreateAccountResponse(w http.ResponseWriter) error {
	return a.send(w, http.StatusOK)
}

// VisitCreateAccountResponse sends the answer.
func (a CreateAccount201Response) VisitCreateAccountResponse(w http.ResponseWriter) error {
	return a.send(w, http.StatusCreated)
}

// VisitBatchUpdateAccountsResponse sends the answer.
func (a BatchUpdateAccounts200Response) VisitBatchUpdateAccountsResponse(w http.ResponseWriter) error {
	return a.send(w, http.StatusOK)
}

// VisitListAccountsResponse sends the answer.
func (a ListAccounts200Response) VisitListAccountsResponse(w http.ResponseWriter) error {
	return a.send(w, http.StatusOK)
}

// VisitSearchAccountsResponse sends the answer.
func (a SearchAccounts200Response) VisitSearchAccountsResponse(w http.ResponseWriter) error {
	return a.send(w, http.StatusOK)
}

// accountsAnswer is an answer that shows accounts.
type accountsAnswer struct {
	headers  [2][2]string // names and values; an empty name is none
	accounts []account.Stored
	form     accountForm
	around   [2]string // what is around the accounts
}

// What is around accounts: one, a list, and those of a batch.
var (
	oneAccount = [2]string{"", "\n"}
	inList     = [2]string{"[", "]\n"}
	inBatch    = [2]string{`{"accounts":[`, "]}\n"}
)

// buffers are for the bodies of answers.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxKept is the size of the largest buffer that is kept.
const maxKept = 64 << 10

func (a accountsAnswer) send(w http.ResponseWriter, status int) error {
	buffer := buffers.Get().(*[]byte)
	*buffer = a.append((*buffer)[:0])
	header := w.Header()
	header["Content-Type"] = jsonContent
	for _, h := range a.headers {
		if h[0] != "" {
			header.Set(h[0], h[1])
		}
	}
	w.WriteHeader(status)
	_, err := w.Write(*buffer)
	if cap(*buffer) <= maxKept {
		buffers.Put(buffer)
	}
	return err
}

func (a accountsAnswer) append(b []byte) []byte {
	b = append(b, a.around[0]...)
	for i := range a.accounts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendAccount(b, &a.accounts[i], a.form)
	}
	return append(b, a.around[1]...)
}
