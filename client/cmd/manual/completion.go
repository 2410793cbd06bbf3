package manual

import "github.com/urfave/cli/v3"

// ShowCompletion lists the command that prints completions, which the package hides.
func ShowCompletion(cmd *cli.Command) {
	cmd.Hidden = false
	cmd.Usage = "print what completes commands and flags in bash, zsh, fish or PowerShell"
}
