package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"

	"github.com/accountsd/accountsd/client/webhook"
)

// receiver is a process of this program that receives webhooks, and keeps what it takes in
// a file. The secret is in another one beside it.
type receiver struct {
	file, addr string
	process    *exec.Cmd
}

// start starts the process, at the address that it had before.
func (r *receiver) start() error {
	if r.addr == "" {
		r.addr = "127.0.0.1:0"
	}
	r.process = exec.Command(os.Args[0], "receive", r.file, r.addr)
	r.process.Stderr = os.Stderr
	out, err := r.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := r.process.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the receiver has ended: %w", err)
	}
	r.addr = strings.TrimSpace(line)
	return nil
}

// kill ends the process in the middle of what it does.
func (r *receiver) kill() error {
	err := r.process.Process.Kill()
	_ = r.process.Wait() // It was killed.
	return err
}

// receive is this program as a receiver: it refuses half of what comes, and has what it
// takes on the disk before it says so.
func receive(path, addr string) error {
	if err := cutTorn(path); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	var mu sync.Mutex
	keep := func(_ context.Context, e *webhook.Event) error {
		if rand.IntN(2) == 0 {
			return errors.New("not now")
		}
		line, err := json.Marshal(received{ID: e.ID, Change: e.Change})
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if _, err := file.Write(append(line, '\n')); err != nil {
			return err
		}
		return file.Sync()
	}
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		secret, err := os.ReadFile(path + ".secret")
		if err != nil {
			http.Error(w, "no secret is known yet", http.StatusServiceUnavailable)
			return
		}
		webhook.Handler(keep, string(secret)).ServeHTTP(w, req)
	}))
}

// received is a line of the file.
type received struct {
	ID     string         `json:"id"`
	Change webhook.Change `json:"change"`
}

// cutTorn removes a line that a receiver was killed over. It was not answered.
func cutTorn(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Truncate(path, int64(bytes.LastIndexByte(text, '\n')+1))
}

// readReceived reads the file.
func readReceived(path string) (all []received, err error) {
	if err := cutTorn(path); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for decoder := json.NewDecoder(file); ; {
		var e received
		decoder.UseNumber()
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
}
