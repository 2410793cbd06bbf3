package main

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/accountsd/accountsd/server/alias"
)

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

// reasonOf is what the system says of an address, without the address.
func reasonOf(err error) string {
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		return call.Err.Error()
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err.Error()
	}
	return err.Error()
}
