package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// filled is a file with accounts. The key may do all with them.
type filled struct{ path, key string }

// contacts is how many there are; each account has one.
const contacts = 100

// fill returns a file with accounts as the program's own schema has it. It is
// made once, and kept.
func fill(p program, dir string, size int) (filled, error) {
	f := filled{path: filepath.Join(dir, fmt.Sprintf("limit-%d.db", size)), key: "none"}
	if p.isLimit() {
		return f, once(f.path, func(path string) error { return fillLimit(path, size) })
	}
	version, err := schemaOf(p, dir)
	if err != nil {
		return f, err
	}
	f.path = filepath.Join(dir, fmt.Sprintf("accounts-%d-%s.db", size, version))
	if err := once(f.path, func(path string) error { return fillFile(p, path, f.path+".key", size) }); err != nil {
		return f, err
	}
	key, err := os.ReadFile(f.path + ".key")
	f.key = string(bytes.TrimSpace(key))
	return f, err
}

// once makes a file under another name, unless it is there, so that it is
// complete or missing.
func once(path string, make func(path string) error) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	fmt.Fprintf(os.Stderr, "filling %s\n", path)
	if err := make(path + ".new"); err != nil {
		return fmt.Errorf("fill %s: %w", path, err)
	}
	if _, err := os.Stat(path + ".new-search"); err == nil {
		if err := os.Rename(path+".new-search", path+"-search"); err != nil {
			return err
		}
	}
	return os.Rename(path+".new", path)
}

// schemaOf tells files by the schema of the binary that they are for.
func schemaOf(p program, dir string) (string, error) {
	empty := &process{db: filepath.Join(dir, "empty.db")}
	defer func() { _ = empty.remove() }()
	if err := initialize(p, empty.db, os.DevNull); err != nil {
		return "", err
	}
	file, err := os.Open(empty.db)
	if err != nil {
		return "", err
	}
	defer file.Close()
	var version [4]byte // what SQLite calls the user version
	_, err = file.ReadAt(version[:], 60)
	return fmt.Sprintf("v%d", version[3]), err
}

// initialize makes a file with a company, and another one with its key.
func initialize(p program, path, key string) error {
	if err := (&process{db: path}).remove(); err != nil {
		return err
	}
	token, err := exec.Command(p.binary, "init", "--db", path, "--company", "Sunrise", "--email", "ada@example.com").Output()
	if err != nil {
		return err
	}
	return os.WriteFile(key, token, 0o600)
}

// fillFile makes a file by the server's own means, so that it is as its users
// would have it: properties and contacts by the API, accounts by an import.
func fillFile(p program, path, keyPath string, size int) error {
	if err := initialize(p, path, keyPath); err != nil {
		return err
	}
	key, err := os.ReadFile(keyPath)
	if err != nil {
		return err
	}
	s := &process{program: p, db: path, key: string(bytes.TrimSpace(key))}
	if err := s.during(s.define); err != nil {
		return err
	}
	rows := path + ".ndjson"
	defer os.Remove(rows)
	if err := writeRows(rows, size); err != nil {
		return err
	}
	output, err := exec.Command(p.binary, "import", rows, "--db", path, "--email", "ada@example.com", "--match-by", "none").CombinedOutput()
	if err != nil {
		return fmt.Errorf("import: %w\n%s", err, output)
	}
	return s.during(func() error { s.settle(3*time.Second, time.Hour); return nil })
}

// during serves while do is under way.
func (s *process) during(do func() error) error {
	if err := s.serve(); err != nil {
		return err
	}
	return errors.Join(do(), s.stop())
}

// define makes the properties and the contacts.
func (s *process) define() error {
	c, err := dial(s.addr, s.key)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, body := range []string{
		`{"name":"Route","type":"NUMERIC","indexed":true}`,
		`{"name":"Meter","type":"TEXT"}`,
		`{"name":"Capacity","type":"NUMERIC"}`,
		`{"name":"Roof type","type":"DROPDOWN","options":["Tile","Metal","Shingle"]}`,
		`{"name":"Installed on","type":"DATE"}`,
	} {
		if err := c.make("/v1/properties", []byte(body)); err != nil {
			return err
		}
	}
	for i := range contacts {
		body := fmt.Appendf(nil, `{"name":"Contact %d","title":"Facility manager","emails":["contact%d@example.com"],"phones":["+1415556%04d"]}`, i+1, i+1, i)
		if err := c.make("/v1/contacts", body); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) make(path string, body []byte) error {
	a, err := c.send("POST", path, body)
	if err == nil && a.status != 201 {
		err = fmt.Errorf("POST %s %s: %d %s", path, body, a.status, a.body)
	}
	return err
}

// writeRows writes the accounts in a file to import.
func writeRows(path string, size int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	w := bufio.NewWriter(file)
	encoder := json.NewEncoder(w)
	for i := 1; i <= size; i++ {
		if err := encoder.Encode(row(i)); err != nil {
			return err
		}
	}
	return w.Flush()
}

// row is an account as the body of an update has it. Its id will be i.
func row(i int) map[string]any {
	return map[string]any{
		"title":        fmt.Sprintf("Customer %d Solar and Roofing", i),
		"description":  fmt.Sprintf("Came by referral %s and wants to hear of the next steps by phone.", word(i)),
		"address":      []string{fmt.Sprintf("%d Mission Street", i), "San Francisco, CA 94105"},
		"primaryEmail": fmt.Sprintf("office%d@customer.example", i),
		"primaryPhone": fmt.Sprintf("+1415%07d", 5550000+i%10000),
		"accountType":  []string{"RESIDENTIAL", "COMMERCIAL"}[i%2],
		"value":        i % 50000,
		"size":         i % 70,
		"contacts":     []int{1 + i%contacts},
		"custom": map[string]any{
			"route": route(i), "meter": meter(i), "capacity": i, "roof_type": []string{"Tile", "Metal", "Shingle"}[i%3],
			"installed_on": fmt.Sprintf("20%02d-%02d-%02d", i%25, 1+i%12, 1+i%28),
		},
	}
}
