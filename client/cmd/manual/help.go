package manual

import (
	"context"
	"strings"

	"github.com/urfave/cli/v3"
)

// AddHelp gives a program and its groups of commands a command help, which shows any
// command below, as "help user list" does. The one of the package looks at the first word
// only. The error for a word that names no command of a group is made by unknown.
func AddHelp(group *cli.Command, unknown func(group *cli.Command, word string) error) {
	if len(group.Commands) == 0 {
		return
	}
	for _, cmd := range group.Commands {
		AddHelp(cmd, unknown)
	}
	group.Commands = append(group.Commands, &cli.Command{
		Name:      "help",
		Aliases:   []string{"h"},
		Usage:     "show the commands, or what there is to say of one",
		ArgsUsage: "[COMMAND...]",
		HideHelp:  true,
		Action: func(ctx context.Context, cmd *cli.Command) error {
			topic := cmd.Lineage()[1]
			for _, word := range cmd.Args().Slice() {
				below := topic.Command(word)
				if below == nil {
					return unknown(topic, word)
				}
				topic = below
			}
			return show(ctx, topic)
		},
	})
}

func show(ctx context.Context, topic *cli.Command) error {
	if topic == topic.Root() {
		return cli.ShowRootCommandHelp(topic)
	}
	return cli.ShowCommandHelp(ctx, topic.Lineage()[1], topic.Name)
}

// UnknownTopic tells whether an error is that there is no help on a word, as of "--help
// nope", and which word that is. The package tells so by the text only.
func UnknownTopic(err error) (word string, is bool) {
	topic, is := strings.CutPrefix(err.Error(), "No help topic for '")
	return strings.TrimSuffix(topic, "'"), is
}
