package main

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strconv"
	"strings"
)

// The names of the operations, in the order in which they are measured: those
// that only read find a file in which nothing waits to be indexed. Of renaming, the
// searches of one client count, while the others update.
var operationNames = []string{"get", "list", "q", "indexed", "unindexed", "patch", "mixed", "open", "renaming"}

// isAlone tells whether an operation is measured with one client: of a million accounts
// it takes a second of a processor, and many clients would wait longer than a request may.
func isAlone(op string) bool { return op == "unindexed" }

// routes are the values of the indexed property, so that a million accounts have
// 1 111 matches of each.
const routes = 900

// The values of account i that are searched for, and that no update changes.
func word(i int) string {
	return fmt.Sprintf("w%08x", crc32.ChecksumIEEE(strconv.AppendInt(nil, int64(i), 10)))
}
func meter(i int) string { return fmt.Sprintf("M%07d", i) }
func route(i int) int    { return i % routes }

// written is what an update wrote, and was answered.
type written struct{ nonce, version int }

func (w written) body() []byte {
	return fmt.Appendf(nil, `{"title":"Title %d","primaryPhone":"+1415555%04d","custom":{"capacity":%d}}`, w.nonce, w.nonce%10000, w.nonce)
}

// check compares an account with what was written of it.
func (w written) check(a answer) error {
	for _, member := range []string{
		fmt.Sprintf(`"title":"Title %d"`, w.nonce),
		fmt.Sprintf(`"primaryPhone":"+1415555%04d"`, w.nonce%10000),
		fmt.Sprintf(`"capacity":%d`, w.nonce),
	} {
		if !bytes.Contains(a.body, []byte(member)) {
			return fmt.Errorf("no %s in %s", member, a.body)
		}
	}
	return nil
}

// worker sends the requests of one connection. It alone updates its accounts, so
// that it knows what they have to be.
type worker struct {
	*job
	conn   *conn
	number int // of the worker
	random *rand.Rand
	last   map[int]written // what was answered, by account
}

// counts tells whether the worker's requests are those that are measured.
func (w *worker) counts() bool { return w.Op != "renaming" || w.number == 0 }

// account is one of the worker's own, by chance.
func (w *worker) account() int {
	return 1 + w.number + w.Clients*w.random.IntN(w.Size/w.Clients)
}

// any is an account of anybody's.
func (w *worker) any() int { return 1 + w.random.IntN(w.Size) }

// do carries out an operation once, and checks the answer.
func (w *worker) do(op string) error {
	switch op {
	case "get":
		return w.get(w.any())
	case "list":
		return w.list("/v1/accounts?page_size=20", min(20, w.Size), `"accountType":`)
	case "q":
		i := w.any()
		return w.list("/v1/accounts?q="+word(i), 1, word(i))
	case "indexed":
		r := route(w.any())
		return w.list(fmt.Sprintf("/v1/accounts/search?prop1=route&op1=eq&value1=%d&page_size=20", r),
			min(20, w.matches(r)), fmt.Sprintf(`"route":%d`, r))
	case "unindexed":
		i := w.any()
		return w.list("/v1/accounts/search?prop1=meter&op1=eq&value1="+meter(i), 1, meter(i))
	case "patch", "open":
		return w.patch(w.account())
	case "renaming":
		if w.counts() {
			return w.do("q")
		}
		return w.patch(w.account())
	case "mixed":
		if w.random.IntN(5) == 0 {
			return w.patch(w.account())
		}
		return w.get(w.account())
	}
	return fmt.Errorf("no operation %s; there are %v", op, operationNames)
}

// matches is how many accounts have a value of the indexed property.
func (w *worker) matches(r int) int {
	n := w.Size / routes
	if r > 0 && r <= w.Size%routes {
		n++
	}
	return n
}

func (w *worker) get(id int) error {
	answer, err := w.ask("GET", fmt.Sprintf("/v1/accounts/%d", id), nil)
	if err != nil {
		return err
	}
	if !bytes.Contains(answer.body, fmt.Appendf(nil, `"id":%d,`, id)) {
		return fmt.Errorf("account %d: %s", id, answer.body)
	}
	if last, ok := w.last[id]; ok && !w.Limit {
		return last.check(answer)
	}
	return nil
}

func (w *worker) patch(id int) error {
	last, known := w.last[id]
	now := written{nonce: w.random.IntN(1_000_000_000)}
	answer, err := w.ask("PATCH", fmt.Sprintf("/v1/accounts/%d", id), now.body())
	if err != nil {
		return err
	}
	if now.version, err = answer.version(); err != nil {
		return err
	}
	if known && now.version != last.version+1 {
		return fmt.Errorf("account %d has version %d after %d", id, now.version, last.version)
	}
	w.last[id] = now
	return now.check(answer)
}

// version is what follows the id in the tag of an account, as in "17-3-9ae".
func (a answer) version() (int, error) {
	_, rest, _ := strings.Cut(strings.Trim(a.tag, `"`), "-")
	version, _, _ := strings.Cut(rest, "-")
	return strconv.Atoi(version)
}

// list checks that an answer has so many accounts, and that each has a text.
func (w *worker) list(path string, count int, text string) error {
	answer, err := w.ask("GET", path, nil)
	if err != nil {
		return err
	}
	if got, with := bytes.Count(answer.body, []byte(`"accountType":`)), bytes.Count(answer.body, []byte(text)); got != count || with != count {
		return fmt.Errorf("%s: %d accounts, %d with %s; not %d: %.200s", path, got, with, text, count, answer.body)
	}
	return nil
}

func (w *worker) ask(method, path string, body []byte) (answer, error) {
	a, err := w.conn.send(method, path, body)
	if err == nil && a.status != 200 {
		err = fmt.Errorf("%s %s %s: %d %s", method, path, body, a.status, a.body)
	}
	return a, err
}

// readBack reads some of the accounts that were updated, and checks that they are
// as they were answered.
func (w *worker) readBack(most int) (int, error) {
	read := 0
	for id, last := range w.last {
		if read == most {
			break
		}
		read++
		path := fmt.Sprintf("/v1/accounts/%d", id)
		if w.Limit {
			path = fmt.Sprintf("/v1/written/%d", id)
		}
		answer, err := w.ask("GET", path, nil)
		if err != nil {
			return read, err
		}
		got, err := answer.version()
		if err == nil && got != last.version {
			err = fmt.Errorf("account %d has version %d, not %d", id, got, last.version)
		}
		if err == nil {
			err = last.check(answer)
		}
		if err != nil {
			return read, fmt.Errorf("read back: %w", err)
		}
	}
	return read, nil
}
