package postgres_test

import (
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
)

// The servers of a database have one time, also where the clock of one is off. A little
// that it is off does not count.
func TestClock(t *testing.T) {
	t.Parallel()
	url := database(t)
	for off, counts := range map[time.Duration]bool{time.Hour: true, -time.Hour: true, 24 * time.Hour: true, time.Second: false, 0: false} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			told := time.Duration(0)
			s, err := postgres.Open(t.Context(), url, postgres.Config{
				Config:   engine.Config{MaxConns: few.MaxConns, Clock: func() time.Time { return time.Now().Add(off) }},
				ClockOff: func(ahead time.Duration) { told = ahead },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			want := off
			if counts {
				want = 0
			}
			if now := store.ClockOf(s).Now(); now.Sub(time.Now().Add(want)).Abs() > late {
				t.Errorf("%s off, it is %s off", off, time.Until(now))
			}
			if got := told != 0; got != counts || counts && (told+off).Abs() > late {
				t.Errorf("%s off, it was told of %s", off, told)
			}
		})
	}
}

// The names of commits that others may look for are kept, also by a server whose clock is
// ahead: else a write whose answer is lost would be made again.
func TestClockKeepsNames(t *testing.T) {
	t.Parallel()
	url := database(t)
	_, a := addCompany(t, open(t, url))
	e, err := engine.Open(t.Context(), url, engine.Config{Clock: func() time.Time { return time.Now().Add(2 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, _, err := e.SetClock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.DropNames(t.Context()); err != nil {
		t.Fatal(err)
	}
	var names int
	if err := e.Pool().QueryRow(t.Context(), "SELECT count(*) FROM commits").Scan(&names); err != nil || names == 0 {
		t.Errorf("%d names, %v; account %d was written", names, err, a.ID)
	}
}
