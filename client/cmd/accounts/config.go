package main

import (
	"cmp"
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

	"github.com/accountsd/accountsd/client"
)

// config is the file with the profiles. It holds keys, so only its owner may
// read it.
type config struct {
	Current  string             `json:"current"`
	Profiles map[string]profile `json:"profiles"`

	path string
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
func loadConfig(cmd *cli.Command) (config, error) {
	path, err := configPath(cmd)
	c := config{Profiles: map[string]profile{}, path: path}
	if err != nil {
		return c, err
	}
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
func (c config) save() error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(c.path), ".config-") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), c.path)
}

// targetOf returns the server to call: the profile, and what variables and flags
// say over it. A key goes with its own server only.
func targetOf(cmd *cli.Command) (profile, error) {
	target := profile{URL: cmd.String("url"), Key: os.Getenv("ACCOUNTS_KEY")}
	if target.URL != "" && target.Key != "" && cmd.String("profile") == "" {
		return target, nil
	}
	c, err := loadConfig(cmd)
	if err != nil {
		return profile{}, err
	}
	stored, ok := c.Profiles[cmp.Or(cmd.String("profile"), c.Current)]
	if !ok && cmd.String("profile") != "" {
		return profile{}, usagef("there is no profile %q in %s", cmd.String("profile"), c.path)
	}
	switch {
	case target.URL == "" || target.URL == stored.URL:
		target = profile{URL: stored.URL, Key: cmp.Or(target.Key, stored.Key)}
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
			{Name: "use", Usage: "use a profile from now on", ArgsUsage: "NAME", Action: editProfile(useProfile)},
			{Name: "list", Usage: "list the profiles, without keys", Action: t.listProfiles},
			{Name: "remove", Usage: "remove a profile", ArgsUsage: "NAME", Action: editProfile(removeProfile)},
		},
	}
}

func (t *terminal) setProfile(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 2 {
		return usagef("give a name and a URL")
	}
	if _, err := client.New(cmd.Args().Get(1)); err != nil {
		return usageError{err} // now, and not with each command that uses it
	}
	key, err := t.secret(ctx, "Key: ")
	if err != nil {
		return err
	}
	if key == "" {
		return usagef("the first line of standard input must be the key")
	}
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	name := cmd.Args().Get(0)
	c.Profiles[name] = profile{URL: cmd.Args().Get(1), Key: key}
	c.Current = cmp.Or(c.Current, name)
	return c.save()
}

func useProfile(c *config, name string) { c.Current = name }

func removeProfile(c *config, name string) {
	delete(c.Profiles, name)
	if c.Current == name {
		c.Current = ""
	}
}

// editProfile does something to the profile that the command line names.
func editProfile(edit func(c *config, name string)) cli.ActionFunc {
	return func(_ context.Context, cmd *cli.Command) error {
		c, err := loadConfig(cmd)
		if err != nil {
			return err
		}
		name := cmd.Args().First()
		if _, ok := c.Profiles[name]; !ok {
			return usagef("there is no profile %q", name)
		}
		edit(&c, name)
		return c.save()
	}
}

func (t *terminal) listProfiles(_ context.Context, cmd *cli.Command) error {
	c, err := loadConfig(cmd)
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
