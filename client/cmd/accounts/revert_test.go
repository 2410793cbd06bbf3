package main

import "testing"

func TestReverting(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.do("update", "1", "size=3", "title=Pier", "--columns", "title,size")
	sh.do("history", "1", "--limit", "1", "--columns", "sequence,fields")
	sh.do("revert", "1", "0000000000000000003", "--dry-run", "--columns", "title,size,etag")
	sh.do("revert", "1", "3", "--columns", "title,size", "--if-match", `"1-1"`)
	sh.do("revert", "1", "3", "--columns", "title,size")
	sh.do("update", "1", "title=Later", "--columns", "title")
	sh.do("revert", "1", "4")
	sh.do("revert", "1", "4", "--merge", "--columns", "title,size")
	sh.do("revert", "1", "99")
	sh.do("revert", "1")
	sh.do("history", "1", "--limit", "1", "--columns", "kind,cause,fields")
	sh.do("get", "1", "--at", "2", "--columns", "title,size,etag")
	sh.do("get", "1", "--at", "99")
	sh.do("get", "1", "--at", "soon")
	sh.do("get", "1", "--at", "2020-01-01")
	sh.do("list", "--at", "2020-01-01T10:00:00Z", "--columns", "id")
	sh.do("delete", "2", "--yes")
	sh.do("get", "2", "--at", "1", "--columns", "id,title")
	sh.do("undelete", "2", "--dry-run", "--columns", "id,title")
	sh.do("undelete", "2", "--columns", "id,title,etag")
	sh.do("undelete", "2")
	sh.do("undelete", "1", "2")
	sh.do("history", "2", "--columns", "kind,version,cause")
	sh.golden("reverting")
}
