package main

import "testing"

func TestWebhooks(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.do("webhooks", "create", "url=https://hooks.invalid/in", "members=title", "members=primaryEmail", "kinds=updated")
	sh.do("webhooks", "create", "url=https://127.0.0.1/", "members=titel")
	sh.do("webhooks", "update", "1", "description=billing", "members:=[]")
	sh.do("webhooks", "list")
	sh.do("webhooks", "test", "1", "--columns", "messageId,status,failure,answer")
	sh.do("webhooks", "deliveries", "1", "--columns", "number,sequence,status,failure,answer")
	sh.do("webhooks", "pause", "1", "--columns", "state,pauseReason,pausedAt")
	sh.do("webhooks", "resume", "1", "--columns", "state,pauseReason,pausedAt")
	sh.do("webhooks", "replay", "1", "0", "--columns", "position")
	sh.do("webhooks", "replay", "1")
	sh.do("webhooks", "rotate-secret", "1", "--keep-former", "0", "-o", "ndjson", "--columns", "secret")
	sh.do("webhooks", "delete", "1")
	sh.do("webhooks", "delete", "1", "--yes")
	sh.do("webhooks", "get", "1")
	sh.golden("webhooks")
}
