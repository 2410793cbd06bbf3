package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

var (
	contactColumns  = []string{"id", "name", "title", "emails", "phones", "accounts", "updatedAt"}
	propertyColumns = []string{"keyName", "name", "type", "isMultiple", "indexed", "options", "defaultValue"}
	keyColumns      = []string{"id", "name", "prefix", "scopes", "userId", "createdAt", "expiresAt", "revokedAt"}
)

func contactsCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name: "contacts", Usage: "read and write contacts",
		Commands: []*cli.Command{
			{
				Name: "list", Usage: "list contacts, the most recently changed first", ArgsUsage: "[WORDS]", Action: t.listContacts,
				Flags: []cli.Flag{limitFlag(), &cli.Int64Flag{Name: "account", Usage: "linked to the account `ID`"}},
			},
			{Name: "get", Usage: "show a contact", ArgsUsage: "ID", Action: t.getContact},
			{Name: "create", Usage: "create a contact", ArgsUsage: "ASSIGNMENT...", Action: t.createContact, ShellComplete: completeMembers[client.ContactCreate]},
			{Name: "update", Usage: "change members of a contact", ArgsUsage: "ID ASSIGNMENT...", Action: t.updateContact, ShellComplete: completeMembers[client.ContactPatch]},
			{Name: "delete", Usage: "remove contacts for good", ArgsUsage: "ID...", Action: t.deleteContacts, Flags: []cli.Flag{yesFlag()}},
		},
	}
}

func (t *terminal) listContacts(ctx context.Context, cmd *cli.Command) error {
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	list := c.Contacts.List(ctx, client.ContactFilter{Words: cmd.Args().First(), AccountID: cmd.Int64("account"), PageSize: min(cmd.Int("limit"), 100)})
	return printList(t.printer(cmd, listColumns[client.Contact](cmd, contactColumns)), limited(list, cmd.Int("limit")))
}

func (t *terminal) getContact(ctx context.Context, cmd *cli.Command) error {
	return t.oneContact(cmd, func(c *client.Client, id int64) (*client.Contact, error) { return c.Contacts.Get(ctx, id) })
}

func (t *terminal) updateContact(ctx context.Context, cmd *cli.Command) error {
	return t.oneContact(cmd, func(c *client.Client, id int64) (*client.Contact, error) {
		patch, err := assignments[client.ContactPatch](cmd.Args().Tail(), nil)
		if err != nil {
			return nil, err
		}
		return c.Contacts.Update(ctx, id, patch)
	})
}

// oneContact prints what a call for the contact that the first argument names
// comes to.
func (t *terminal) oneContact(cmd *cli.Command, call func(*client.Client, int64) (*client.Contact, error)) error {
	list, err := ids(cmd.Args().Slice()[:min(1, cmd.NArg())])
	if err != nil {
		return err
	}
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	contact, err := call(c, list[0])
	if err != nil {
		return err
	}
	return printOne(t.printer(cmd, columnsOf[client.Contact]()), contact)
}

func (t *terminal) createContact(ctx context.Context, cmd *cli.Command) error {
	body, err := assignments[client.ContactCreate](cmd.Args().Slice(), nil)
	if err != nil {
		return err
	}
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	contact, err := c.Contacts.Create(ctx, body)
	if err != nil {
		return err
	}
	return printOne(t.printer(cmd, columnsOf[client.Contact]()), contact)
}

func (t *terminal) deleteContacts(ctx context.Context, cmd *cli.Command) error {
	list, err := ids(cmd.Args().Slice())
	if err != nil {
		return err
	}
	return t.deleteAll(cmd, "contact", list, func(c *client.Client, id int64) error { return c.Contacts.Delete(ctx, id) })
}

func propertiesCommand(t *terminal) *cli.Command {
	force := &cli.BoolFlag{Name: "force", Usage: "clear values that are in use"}
	return &cli.Command{
		Name: "properties", Usage: "read and write the definitions of custom members", Action: t.listProperties,
		Commands: []*cli.Command{
			{Name: "list", Usage: "list the properties", Action: t.listProperties},
			{Name: "create", Usage: "define a property", ArgsUsage: "name=NAME type=TYPE ASSIGNMENT...", Action: t.createProperty, ShellComplete: completeMembers[client.PropertyCreate]},
			{
				Name: "update", Usage: "change a property", ArgsUsage: "KEYNAME ASSIGNMENT...", Action: t.updateProperty,
				Flags: []cli.Flag{force}, ShellComplete: completeMembers[client.PropertyPatch],
			},
			{Name: "delete", Usage: "remove a property for good", ArgsUsage: "KEYNAME", Action: t.deleteProperty, Flags: []cli.Flag{force, yesFlag()}},
		},
	}
}

func (t *terminal) listProperties(ctx context.Context, cmd *cli.Command) error {
	if name := cmd.Args().First(); name != "" {
		return usagef("there is no command properties %s", name)
	}
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	properties, err := c.Properties.List(ctx)
	if err != nil {
		return err
	}
	return printList(t.printer(cmd, listColumns[client.Property](cmd, propertyColumns)), each(properties))
}

func (t *terminal) createProperty(ctx context.Context, cmd *cli.Command) error {
	body, err := assignments[client.PropertyCreate](cmd.Args().Slice(), nil)
	if err != nil {
		return err
	}
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	property, err := c.Properties.Create(ctx, body)
	if err != nil {
		return err
	}
	return printOne(t.printer(cmd, columnsOf[client.Property]()), property)
}

func (t *terminal) updateProperty(ctx context.Context, cmd *cli.Command) error {
	patch, err := assignments[client.PropertyPatch](cmd.Args().Tail(), nil)
	if err != nil {
		return err
	}
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	var options []client.PropertyUpdateOption
	if cmd.Bool("force") {
		options = append(options, client.Force())
	}
	property, err := c.Properties.Update(ctx, cmd.Args().First(), patch, options...)
	if err != nil {
		return err
	}
	return printOne(t.printer(cmd, columnsOf[client.Property]()), property)
}

func (t *terminal) deleteProperty(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 {
		return usagef("give one keyName")
	}
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	if !cmd.Bool("yes") {
		if err := t.confirm("Remove property " + cmd.Args().First() + " for good?"); err != nil {
			return err
		}
	}
	var options []client.PropertyDeleteOption
	if cmd.Bool("force") {
		options = append(options, client.Force())
	}
	if err := c.Properties.Delete(ctx, cmd.Args().First(), options...); err != nil {
		return err
	}
	fmt.Fprintf(t.err, "Removed property %s.\n", cmd.Args().First())
	return nil
}

func keysCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name: "keys", Usage: "read and write API keys",
		Commands: []*cli.Command{
			{Name: "list", Usage: "list the keys, without tokens", Action: t.listKeys},
			{
				Name: "create", Usage: "make a key for a user, whose password is the first line of standard input; the token goes to standard output",
				ArgsUsage: "EMAIL ASSIGNMENT...", Action: t.createKey, ShellComplete: completeMembers[client.KeyCreate],
			},
			{Name: "revoke", Usage: "revoke keys at once", ArgsUsage: "ID...", Action: t.revokeKeys, Flags: []cli.Flag{yesFlag()}},
		},
	}
}

func (t *terminal) listKeys(ctx context.Context, cmd *cli.Command) error {
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	return printList(t.printer(cmd, listColumns[client.Key](cmd, keyColumns)), c.Keys.List(ctx))
}

func (t *terminal) createKey(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() == 0 {
		return usagef("give the user's e-mail address")
	}
	body, err := assignments[client.KeyCreate](cmd.Args().Tail(), nil)
	if err != nil {
		return err
	}
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	password, err := t.secret("Password: ")
	if err != nil {
		return err
	}
	key, err := c.Keys.Create(ctx, cmd.Args().First(), password, body)
	if err != nil {
		return err
	}
	return printOne(t.printer(cmd, columnsOf[client.CreatedKey]()), key)
}

func (t *terminal) revokeKeys(ctx context.Context, cmd *cli.Command) error {
	list, err := ids(cmd.Args().Slice())
	if err != nil {
		return err
	}
	return t.deleteAll(cmd, "key", list, func(c *client.Client, id int64) error { return c.Keys.Revoke(ctx, id) })
}
