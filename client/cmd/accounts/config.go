package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/urfave/cli/v3"
)

// config is the file with the profiles. It holds keys, so only its owner may
// read it.
type config struct {
	Current  string             `json:"current"`
	Profiles map[string]profile `json:"profiles"`
}

// profile is a server and a key for it.
type profile struct {
	URL string `json:"url"`
	Key string `json:"key"`
}

func configPath(cmd *cli.Command) (string, error) {
	if path := cmd.String("config"); path != "" {
		return path, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the profiles: %w", err)
	}
	return filepath.Join(dir, "accounts", "config.json"), nil
}

// loadConfig reads the profiles; there are none if there is no file. A file that
// others may read is refused, since its keys may be known.
func loadConfig(path string) (config, error) {
	c := config{Profiles: map[string]profile{}}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return c, fmt.Errorf("others can read %s (%04o), which contains keys: run chmod 600 on it, and consider replacing the keys", path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("read %s: %w", path, err)
	}
	if c.Profiles == nil {
		c.Profiles = map[string]profile{}
	}
	return c, nil
}

// save replaces the file as a whole, so that a broken write loses nothing.
func (c config) save(path string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".config-") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// targetOf returns the server to call: the profile, and what variables and flags
// say over it. A key goes with its own server only.
func targetOf(cmd *cli.Command) (profile, error) {
	target := profile{URL: cmd.String("url"), Key: os.Getenv("ACCOUNTS_KEY")}
	if target.URL != "" && target.Key != "" && cmd.String("profile") == "" {
		return target, nil
	}
	path, err := configPath(cmd)
	if err != nil {
		return profile{}, err
	}
	c, err := loadConfig(path)
	if err != nil {
		return profile{}, err
	}
	name := cmd.String("profile")
	if name == "" {
		name = c.Current
	}
	stored, ok := c.Profiles[name]
	if !ok && cmd.String("profile") != "" {
		return profile{}, usagef("there is no profile %q in %s", name, path)
	}
	switch {
	case target.URL == "" || target.URL == stored.URL:
		target.URL = stored.URL
		if target.Key == "" {
			target.Key = stored.Key
		}
	case target.Key == "":
		return profile{}, usagef("there is no key for %s: set ACCOUNTS_KEY", target.URL)
	}
	return target, nil
}

func profileCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name:  "profile",
		Usage: "manage servers and their keys",
		Commands: []*cli.Command{
			{Name: "set", Usage: "store a server, and its key from the first line of standard input", ArgsUsage: "NAME URL", Action: t.setProfile},
			{Name: "use", Usage: "use a profile from now on", ArgsUsage: "NAME", Action: useProfile},
			{Name: "list", Usage: "list the profiles, without keys", Action: t.listProfiles},
			{Name: "remove", Usage: "remove a profile", ArgsUsage: "NAME", Action: removeProfile},
		},
	}
}

func (t *terminal) setProfile(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 2 {
		return usagef("give a name and a URL")
	}
	key, err := t.secret("Key: ")
	if err != nil {
		return err
	}
	if key == "" {
		return usagef("the first line of standard input must be the key")
	}
	return editConfig(cmd, func(c *config) error {
		c.Profiles[cmd.Args().Get(0)] = profile{URL: cmd.Args().Get(1), Key: key}
		if c.Current == "" {
			c.Current = cmd.Args().Get(0)
		}
		return nil
	})
}

func useProfile(_ context.Context, cmd *cli.Command) error {
	name := cmd.Args().First()
	return editConfig(cmd, func(c *config) error {
		if _, ok := c.Profiles[name]; !ok {
			return usagef("there is no profile %q", name)
		}
		c.Current = name
		return nil
	})
}

func removeProfile(_ context.Context, cmd *cli.Command) error {
	name := cmd.Args().First()
	return editConfig(cmd, func(c *config) error {
		if _, ok := c.Profiles[name]; !ok {
			return usagef("there is no profile %q", name)
		}
		delete(c.Profiles, name)
		if c.Current == name {
			c.Current = ""
		}
		return nil
	})
}

func editConfig(cmd *cli.Command, edit func(*config) error) error {
	path, err := configPath(cmd)
	if err != nil {
		return err
	}
	c, err := loadConfig(path)
	if err != nil {
		return err
	}
	if err := edit(&c); err != nil {
		return err
	}
	return c.save(path)
}

func (t *terminal) listProfiles(_ context.Context, cmd *cli.Command) error {
	path, err := configPath(cmd)
	if err != nil {
		return err
	}
	c, err := loadConfig(path)
	if err != nil {
		return err
	}
	p := t.printer(cmd, []string{"name", "url", "current"})
	return printList(p, func(yield func(profileRow, error) bool) {
		for _, name := range slices.Sorted(maps.Keys(c.Profiles)) {
			if !yield(profileRow{name, c.Profiles[name].URL, name == c.Current}, nil) {
				return
			}
		}
	})
}

// profileRow is a profile as it is shown.
type profileRow struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Current bool   `json:"current"`
}
