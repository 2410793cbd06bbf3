package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

var (
	contactColumns  = []string{"id", "name", "title", "emails", "phones", "accounts", "updatedAt"}
	propertyColumns = []string{"keyName", "name", "type", "isMultiple", "indexed", "unique", "options", "defaultValue"}
	keyColumns      = []string{"id", "name", "prefix", "scopes", "userId", "createdAt", "expiresAt", "revokedAt", "lastUsedAt", "allowedIps"}
)

func contactsCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name: "contacts", Usage: "read and write contacts",
		Commands: []*cli.Command{
			{
				Name: "list", Usage: "list contacts, the most recently changed first", ArgsUsage: "[WORDS]", Action: connected(t.listContacts),
				Flags: []cli.Flag{limitFlag(), &cli.StringFlag{Name: "account", Usage: "linked to the account `ID`", Validator: check(readID)}},
			},
			{Name: "get", Usage: "show a contact", ArgsUsage: "ID", Action: one(t, getContact)},
			{Name: "create", Usage: "create a contact", ArgsUsage: "ASSIGNMENT...", Action: one(t, createContact), ShellComplete: completeMembers[client.ContactCreate]},
			{Name: "update", Usage: "change members of a contact", ArgsUsage: "ID ASSIGNMENT...", Action: one(t, updateContact), ShellComplete: completeMembers[client.ContactPatch]},
			{Name: "delete", Usage: "remove contacts for good", ArgsUsage: "ID...", Action: t.deletes("contact", deleteContact), Flags: []cli.Flag{yesFlag()}},
		},
	}
}

func (t *terminal) listContacts(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	account, _ := readID(cmd.String("account")) // 0 if it was not given
	list := c.Contacts.List(ctx, client.ContactFilter{Words: cmd.Args().First(), AccountID: account, PageSize: pageSize(cmd)})
	return printRecords(t, cmd, contactColumns, limited(cmd, list))
}

func getContact(ctx context.Context, cmd *cli.Command, c *client.Client) (*client.Contact, error) {
	id, err := oneID(cmd)
	if err != nil {
		return nil, err
	}
	return c.Contacts.Get(ctx, id)
}

func createContact(ctx context.Context, cmd *cli.Command, c *client.Client) (*client.Contact, error) {
	body, err := assignments[client.ContactCreate](cmd.Args().Slice(), nil)
	if err != nil {
		return nil, err
	}
	return c.Contacts.Create(ctx, body)
}

func updateContact(ctx context.Context, cmd *cli.Command, c *client.Client) (*client.Contact, error) {
	id, err := firstID(cmd)
	if err != nil {
		return nil, err
	}
	patch, err := assignments[client.ContactPatch](cmd.Args().Tail(), nil)
	if err != nil {
		return nil, err
	}
	return c.Contacts.Update(ctx, id, patch)
}

func deleteContact(ctx context.Context, _ *cli.Command, c *client.Client, id int64) error {
	return c.Contacts.Delete(ctx, id)
}

func propertiesCommand(t *terminal) *cli.Command {
	force := &cli.BoolFlag{Name: "force", Usage: "clear values that are in use"}
	return &cli.Command{
		Name: "properties", Usage: "read and write the definitions of custom members", Action: connected(t.listProperties),
		Commands: []*cli.Command{
			{Name: "list", Usage: "list the properties", Action: connected(t.listProperties)},
			{Name: "create", Usage: "define a property", ArgsUsage: "name=NAME type=TYPE ASSIGNMENT...", Action: one(t, createProperty), ShellComplete: completeMembers[client.PropertyCreate]},
			{
				Name: "update", Usage: "change a property", ArgsUsage: "KEYNAME ASSIGNMENT...", Action: one(t, updateProperty),
				Flags: []cli.Flag{force}, ShellComplete: completeMembers[client.PropertyPatch],
			},
			{Name: "delete", Usage: "remove a property for good", ArgsUsage: "KEYNAME", Action: connected(t.deleteProperty), Flags: []cli.Flag{force, yesFlag()}},
		},
	}
}

func (t *terminal) listProperties(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	if name := cmd.Args().First(); name != "" {
		return usagef("there is no command properties %s", name)
	}
	properties, err := c.Properties.List(ctx)
	if err != nil {
		return err
	}
	return printRecords(t, cmd, propertyColumns, each(properties))
}

func createProperty(ctx context.Context, cmd *cli.Command, c *client.Client) (*client.Property, error) {
	body, err := assignments[client.PropertyCreate](cmd.Args().Slice(), nil)
	if err != nil {
		return nil, err
	}
	return c.Properties.Create(ctx, body)
}

func updateProperty(ctx context.Context, cmd *cli.Command, c *client.Client) (*client.Property, error) {
	patch, err := assignments[client.PropertyPatch](cmd.Args().Tail(), nil)
	if err != nil {
		return nil, err
	}
	options := when[client.PropertyUpdateOption](cmd.Bool("force"), client.Force())
	return c.Properties.Update(ctx, cmd.Args().First(), patch, options...)
}

func (t *terminal) deleteProperty(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	if cmd.NArg() != 1 {
		return usagef("give one keyName")
	}
	options := when[client.PropertyDeleteOption](cmd.Bool("force"), client.Force())
	return deleteAll(ctx, t, cmd, "property", cmd.Args().Slice(), func(keyName string) error {
		return c.Properties.Delete(ctx, keyName, options...)
	})
}

func keysCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name: "keys", Usage: "read and write API keys",
		Commands: []*cli.Command{
			{Name: "list", Usage: "list the keys, without tokens", Action: connected(t.listKeys)},
			{
				Name: "create", Usage: "make a key for a user, whose password is the first line of standard input; the token goes to standard output",
				ArgsUsage: "EMAIL ASSIGNMENT...", Action: one(t, t.createKey), ShellComplete: completeMembers[client.KeyCreate],
			},
			{Name: "revoke", Usage: "revoke keys at once", ArgsUsage: "ID...", Action: t.deletes("key", revokeKey), Flags: []cli.Flag{yesFlag()}},
		},
	}
}

func (t *terminal) listKeys(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	return printRecords(t, cmd, keyColumns, c.Keys.List(ctx))
}

func (t *terminal) createKey(ctx context.Context, cmd *cli.Command, c *client.Client) (*client.CreatedKey, error) {
	if cmd.NArg() == 0 {
		return nil, usagef("give the user's e-mail address")
	}
	body, err := assignments[client.KeyCreate](cmd.Args().Tail(), nil)
	if err != nil {
		return nil, err
	}
	password, err := t.secret(ctx, "Password: ")
	if err != nil {
		return nil, err
	}
	return c.Keys.Create(ctx, cmd.Args().First(), password, body)
}

func revokeKey(ctx context.Context, _ *cli.Command, c *client.Client, id int64) error {
	return c.Keys.Revoke(ctx, id)
}
