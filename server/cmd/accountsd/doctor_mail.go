package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/mail"
)

// lookAtMail tries the mail server, and sends nothing.
func (d *diagnosis) lookAtMail(ctx context.Context, cmd *cli.Command) {
	if cmd.String("smtp-url") == "" {
		d.note("mail", "there is no mail server (--smtp-url), so the notices to users of /clients are not sent")
		return
	}
	var config alias.Config
	if _, err := configureMail(cmd, &config); err != nil {
		d.wrong("mail", "%s", err)
		return
	}
	sender, err := mail.NewSender(cmd.String("smtp-url"))
	if err == nil {
		err = sender.Try(ctx)
	}
	if err != nil {
		d.wrong("mail", "no mail can be sent: %s", adviceOf(err))
		return
	}
	d.ok("mail", "the mail server takes mails")
}

// advice is what to do about what keeps a mail from being sent. The answers of mail
// servers stay out of it, as they may hold addresses.
var advice = map[alias.MailFailure]string{
	alias.MailConnection:     "the server cannot be reached; look at the host and the port of --smtp-url, and at the firewall",
	alias.MailTimeout:        "the server does not answer; look at the host and the port of --smtp-url, and at the firewall",
	alias.MailTLS:            "TLS fails; look at the server's certificate, and whether the scheme is smtps (TLS from the start, port 465) or smtp (STARTTLS, port 587)",
	alias.MailAuthentication: "the server refuses the login; look at the user and the password of --smtp-url",
	alias.MailDeferred:       "the server refuses connections for now; try again, and look at its log",
}

func adviceOf(err error) string {
	known, ok := errors.AsType[*alias.MailError](err)
	if !ok {
		return err.Error()
	}
	said, ok := advice[known.Failure]
	if !ok {
		return string(known.Failure)
	}
	switch known.Failure {
	case alias.MailConnection, alias.MailTimeout, alias.MailTLS: // These have no answer of the server.
		return fmt.Sprintf("%s (%s)", said, known.Err)
	}
	return said
}
